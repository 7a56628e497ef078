import Responder
