/// An environment variable that configures the responder, with its description for `--help` and error messages.
package struct Setting: Sendable {
    package let name: String
    /// The default value in the form in which a person would write it; empty if there is none.
    package let standard: String
    package let meaning: String

    private init(_ name: String, _ standard: String, _ meaning: String) {
        self.name = name
        self.standard = standard
        self.meaning = meaning
    }

    static let apiKey = Setting("E2B_API_KEY", "", "E2B's key")
    static let domain = Setting("E2B_DOMAIN", "e2b.app", "E2B's domain, for a self-hosted E2B")
    static let apiURL = Setting("E2B_API_URL", "", "the control API's address, instead of the domain's")
    static let sandboxURL = Setting("E2B_SANDBOX_URL", "", "one address for all sandboxes, instead of the domain's")
    static let template = Setting("E2B_TEMPLATE", "code-interpreter-v1", "what sandboxes are made of")
    static let templates = Setting(
        "E2B_FCGI_TEMPLATES", "", "YAML file with a list of templates, which `list_templates` answers with")
    static let secretPrefix = Setting(
        "E2B_CODE_EV_*", "", "variables for the sandbox, prefix stripped; masked in every answer")
    static let publicBaseURL = Setting(
        "PUBLIC_BASE_URL", "", "the service's address in /openapi.json; else the one it was asked at")
    static let keys = Setting(
        "E2B_FCGI_KEYS", "",
        "name:secret,name:secret; without any, only programs on the same machine may use the service")
    static let trustedKeys = Setting(
        "E2B_FCGI_TRUSTED_KEYS", "",
        "names of keys that may name users and conversations, in X-User-ID and X-Conversation-ID: LibreChat's")
    static let userHeader = Setting(
        "E2B_FCGI_USER_HEADER", "X-User-ID", "header in which a trusted key names the user; nginx has to pass it")
    static let conversationHeader = Setting(
        "E2B_FCGI_CONVERSATION_HEADER", "X-Conversation-ID", "header in which it names the conversation; likewise")
    static let tokenKeys = Setting(
        "E2B_FCGI_JWT_KEYS", "",
        "file of public keys, PEM or a JWK set, that sign LibreChat's tokens (CODEAPI_AUTH_PROVIDER=librechat-jwt) for /v1"
    )
    static let tokenIssuer = Setting("E2B_FCGI_JWT_ISSUER", "librechat", "issuer of those tokens (`iss`)")
    static let tokenAudience = Setting("E2B_FCGI_JWT_AUDIENCE", "codeapi", "whom they are for (`aud`)")
    static let origins = Setting(
        "E2B_FCGI_ORIGINS", "", "origins of web pages that may use the service, https://chat.example,https://…")
    static let webServers = Setting(
        "FCGI_WEB_SERVER_ADDRS", "", "IP addresses of web servers that may connect over TCP, instead of this machine's")
    static let allowHTTP = Setting(
        "E2B_FCGI_ALLOW_HTTP", "off", "on: keys and code may cross the network as plain http on the way to E2B")
    static let executions = Setting(
        "E2B_FCGI_EXECUTIONS", "20", "executions and actions in flight; more wait in the queue")
    static let ownerExecutions = Setting("E2B_FCGI_OWNER_EXECUTIONS", "", "those of one key; all, if not set")
    static let ownerSandboxes = Setting(
        "E2B_FCGI_OWNER_SANDBOXES", "",
        "sandboxes that the sessions of one key may have; with several keys three quarters of E2B_FCGI_EXECUTIONS, if not set"
    )
    static let warm = Setting(
        "E2B_FCGI_WARM", "0",
        "sandboxes created ahead, so that code begins at once; each costs as much as one that runs all the time (720 hours a month)"
    )
    static let creationRate = Setting(
        "E2B_FCGI_CREATE_RATE", "",
        "sandboxes created in a second, as E2B's plan allows (1 or 5): more wait up to E2B_FCGI_QUEUE_WAIT; only E2B limits it, if not set"
    )
    static let queue = Setting(
        "E2B_FCGI_QUEUE", "100", "requests that wait in the queue; more are refused with 429, with 0 at once")
    static let queueWait = Setting("E2B_FCGI_QUEUE_WAIT", "20", "seconds that a request waits in the queue")
    static let sessionIdle = Setting(
        "E2B_FCGI_SESSION_IDLE", "900", "seconds that an MCP conversation's sandbox lives after its last use")
    static let sessionEnd = Setting(
        "E2B_FCGI_SESSION_END", "kill",
        "kill or pause: what becomes of a session's sandbox then; a paused one is resumed at its next use")
    static let keepDays = Setting(
        "E2B_FCGI_KEEP_DAYS", "7", "days for which a paused sandbox is kept that nobody uses; then it is killed")
    static let stateDirectory = Setting(
        "E2B_FCGI_STATE_DIR", "",
        "folder in which the responders of one machine find each other's calls to cancel; /dev/shm/e2b-fcgi-UID, if not set"
    )
    static let store = Setting(
        "E2B_FCGI_STORE", "/var/lib/e2b-fcgi",
        "folder for uploads, results and shared files; where it cannot be written, one below XDG_STATE_HOME; off: nothing is kept; s3://bucket/prefix: a bucket of S3, with keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )
    static let s3Endpoint = Setting(
        "E2B_FCGI_S3_ENDPOINT", "", "address of another service that speaks S3; Amazon's, if not set")
    static let s3Region = Setting("E2B_FCGI_S3_REGION", "", "region of the bucket; AWS_REGION or us-east-1, if not set")
    static let s3PathStyle = Setting(
        "E2B_FCGI_S3_PATH_STYLE", "off", "on: the bucket is the first part of the path, and not of the host's name")
    static let storeHours = Setting("E2B_FCGI_STORE_HOURS", "48", "hours that a file is kept after its last use")
    static let storeBytes = Setting(
        "E2B_FCGI_STORE_BYTES", "10737418240",
        "bytes of all files together; those not used for the longest time go first")
    static let storeOwnerBytes = Setting(
        "E2B_FCGI_STORE_OWNER_BYTES", "", "those of one key, or of one user; half of the bytes of all, if not set")
    static let linkSecret = Setting(
        "E2B_FCGI_LINK_SECRET", "", "signs links to files; made once and kept in the store, if not set")
    static let linkHours = Setting("E2B_FCGI_LINK_HOURS", "24", "hours that a link to a picture works")
    static let bodyLimit = Setting("E2B_FCGI_BODY_LIMIT", "4194304", "bytes of a request's body")
    static let fileLimit = Setting("E2B_FCGI_FILE_BYTES", "33554432", "bytes of one file that /e2bcode writes or reads")
    static let memory = Setting(
        "E2B_FCGI_MEMORY", "536870912",
        "bytes that requests in flight may hold together: bodies, output, files, images; a quarter of it more for answers "
            + "not taken yet")
    static let timeout = Setting("E2B_FCGI_TIMEOUT", "120", "seconds that code may run when the request does not say")
    static let maximumTimeout = Setting("E2B_FCGI_MAX_TIMEOUT", "300", "seconds that a request may ask for")
    static let requestTimeout = Setting("E2B_FCGI_E2B_TIMEOUT", "60", "seconds to wait for an answer of E2B's API")
    static let readTimeout = Setting(
        "E2B_FCGI_READ_TIMEOUT", "420",
        "seconds after which the web server gives a request up (fastcgi_read_timeout): every answer comes before")
    static let textLimit = Setting("E2B_FCGI_TEXT_LIMIT", "100000", "characters of an answer's text")
    static let outputLimit = Setting(
        "E2B_FCGI_OUTPUT_LIMIT", "268435456", "bytes that one execution may send, images included")
    static let imagesAs = Setting(
        "E2B_FCGI_IMAGES_AS", "data",
        "data: /execute and /e2bcode answer with images; link: with links to stored images, which the model shows by repeating them"
    )
    static let imageLimit = Setting("E2B_FCGI_IMAGES", "10", "images in one answer")
    static let imageBox = Setting("E2B_FCGI_IMAGE_BOX", "768x2000", "pixels of an image's short and long side")
    static let imageBytes = Setting("E2B_FCGI_IMAGE_BYTES", "100000", "bytes of one image in an answer")
    static let mcpImageBytes = Setting(
        "E2B_FCGI_MCP_IMAGE_BYTES", "100000", "bytes of all images in one MCP answer together")
    static let mcpImages = Setting(
        "E2B_FCGI_MCP_IMAGES", "inline",
        "inline, link or both: how MCP answers have images; for some keys otherwise: inline,name:link,name:both")
    static let mcpTools = Setting(
        "E2B_FCGI_MCP_TOOLS", "", "names of the MCP tools that are offered, run_code,shell,…; all, if not set")
    static let imageInputBytes = Setting(
        "E2B_FCGI_IMAGE_INPUT_BYTES", "33554432", "bytes of one image from the sandbox")
    static let imagePixels = Setting("E2B_FCGI_IMAGE_PIXELS", "100000000", "pixels of one image from the sandbox")
    static let imageThreads = Setting("E2B_FCGI_IMAGE_THREADS", "2", "images decoded at the same time")
    static let imageTime = Setting("E2B_FCGI_IMAGE_CPU", "3", "seconds of processor time for one image")
    static let imagesTime = Setting("E2B_FCGI_IMAGES_CPU", "4", "seconds of it for all images of one execution")
    static let imageWait = Setting(
        "E2B_FCGI_IMAGE_WAIT", "20", "seconds that an answer waits for its images; then it goes without them")
    static let svg = Setting("E2B_FCGI_SVG", "rasterise", "rasterise: to PNG; sanitise: sent on as SVG")
    static let imageGround = Setting(
        "E2B_FCGI_IMAGE_GROUND", "white", "white: behind dark ink on transparency; keep: transparent, as it came")
    static let grace = Setting(
        "E2B_FCGI_GRACE", "30", "seconds that executions in flight have when the responder stops")
    static let caFile = Setting("E2B_FCGI_CA_FILE", "", "PEM file of the authorities to trust, instead of the system's")
    static let proxy = Setting("E2B_FCGI_PROXY", "", "HTTP proxy on the way to E2B; the environment's is not used")
    static let log = Setting("E2B_FCGI_LOG", "on", "on or off: a line on standard error for each request")
    static let logLevel = Setting(
        "E2B_FCGI_LOG_LEVEL", "info", "error, warning, info or debug: what has less weight is not logged")
    static let logFormat = Setting("E2B_FCGI_LOG_FORMAT", "json", "json, or text: words for people")
    static let keyLimits = Setting(
        "E2B_FCGI_KEY_LIMITS", "",
        "limits of single keys, name:concurrent=8,seconds=36000,executions=500: executions in flight, and sandbox-seconds and executions on a day in UTC, as this process counts them"
    )
    static let statusListen = Setting(
        "E2B_FCGI_STATUS_LISTEN", "",
        "where /status and /metrics are answered by HTTP as well, however busy the service is: a Unix socket's path, or 127.0.0.1:PORT"
    )
    /// The setting of the port, which only `make run` reads.
    static let port = Setting("PORT", "3001", "the port that nginx listens on under `make run`")

    /// The settings whose values are secret, or may have one in them. Each can be in a file: ``SecretFiles``.
    package static let secrets = [apiKey, keys, linkSecret, proxy]

    /// The settings that are read at the start, and not when the configuration is read again: what has been opened by them stays open.
    package static let fixed = [
        domain, apiURL, sandboxURL, webServers, stateDirectory, store, s3Endpoint, s3Region, s3PathStyle, storeHours,
        storeBytes, storeOwnerBytes, imageThreads, statusListen,
    ]

    package static let all = [
        apiKey, domain, apiURL, sandboxURL, template, templates, secretPrefix, publicBaseURL, keys, trustedKeys,
        userHeader, conversationHeader, tokenKeys, tokenIssuer, tokenAudience, origins,
        webServers, allowHTTP, executions, ownerExecutions, ownerSandboxes, warm, creationRate, queue, queueWait,
        sessionIdle,
        stateDirectory, store, s3Endpoint, s3Region, s3PathStyle, storeHours, storeBytes, storeOwnerBytes, linkSecret,
        linkHours, bodyLimit,
        fileLimit,
        sessionEnd, keepDays, memory, timeout, maximumTimeout, requestTimeout,
        readTimeout, textLimit, outputLimit, imagesAs, imageLimit, imageBox, imageBytes, mcpImageBytes, mcpImages,
        mcpTools,
        imageInputBytes,
        imagePixels,
        imageThreads, imageTime, imagesTime, imageWait, svg, imageGround, grace, caFile, proxy, log,
        logLevel, logFormat, keyLimits, statusListen, port,
    ]
}
