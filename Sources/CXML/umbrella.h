#pragma once
// Where libxml2 is built with ICU, its headers include ICU's. Foundation brings an ICU of its own, and Swift refuses a program
// that sees both. Only the fields of xmlCharEncodingHandler depend on this, which nobody here looks into.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
