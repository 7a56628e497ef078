#pragma once
// If libxml2 is built with ICU, its headers include ICU's headers. Foundation brings an ICU of its own, and Swift refuses a
// program that imports both. Only fields of xmlCharEncodingHandler depend on the macro, and this program does not use them.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
