"""Reads documents, base64, one a line, with a parser that is not ours; answers each with a line: what is wrong, or "clean"."""

import base64
import re
import sys
from xml.parsers import expat

SVG = "http://www.w3.org/2000/svg"
XML = "http://www.w3.org/XML/1998/namespace"
ACTIVE = re.compile("(?i)script|foreignObject|iframe|animate|set|discard|handler|audio|video|feImage|metadata")
REFERENCE = re.compile(r"(?i)url\(\s*[\"']?([^\"')]*)")
# Their values mean numbers, names or words, whatever they are.
PLAIN = {"id", "class", "d", "points", "transform", "viewBox", f"{XML} lang", f"{XML} space"}


class Unclean(Exception):
    pass


def check_style(value):
    for address in REFERENCE.findall(value):
        if not address.startswith("#"):
            raise Unclean(f"reference to {address}")
    if re.search(r"(?i)[@\\]|expression\(|/\*", value):
        raise Unclean(f"style {value}")


def inspect(document):
    parser = expat.ParserCreate("UTF-8", " ")
    open_elements = []

    def start(name, attributes):
        namespace, _, local = name.rpartition(" ")
        if namespace != SVG or ACTIVE.fullmatch(local) or not open_elements and local != "svg":
            raise Unclean(f"element {name}")
        open_elements.append(local)
        for key, value in attributes.items():
            if key in PLAIN:
                continue
            if " " in key or key.lower().startswith("on"):
                raise Unclean(f"attribute {key}")
            if key == "href":
                if not re.match(r"#|data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*$", value):
                    raise Unclean(f"reference to {value[:50]}")
            else:
                check_style(value)

    def text(data):
        if open_elements[-1] == "style":
            check_style(data)
        elif data.strip() and open_elements[-1] not in ("text", "tspan", "textPath", "title", "desc", "a"):
            raise Unclean(f"words in {open_elements[-1]}")

    def unexpected(*_):
        raise Unclean("a comment, an instruction or a declaration")

    parser.buffer_text = True
    parser.StartElementHandler, parser.CharacterDataHandler = start, text
    parser.EndElementHandler = lambda name: open_elements.pop()
    parser.CommentHandler = parser.ProcessingInstructionHandler = parser.StartDoctypeDeclHandler = unexpected
    parser.XmlDeclHandler = parser.EntityDeclHandler = parser.StartCdataSectionHandler = unexpected
    parser.Parse(document, True)


for line in sys.stdin:
    try:
        inspect(base64.b64decode(line))
        print("clean")
    except (Unclean, expat.ExpatError) as error:
        print(error)
