"""Prints the cases of JSONTestSuite (Nicolas Seriot, "Parsing JSON is a Minefield"): suite.py

The texts are made here from what each case's name says. A line a case: its name, its bytes in hexadecimal digits and, where a
reader must accept it, the value in JSON that is all ASCII. `y_` must be accepted, `n_` refused; `i_` is the reader's to decide.
"""

import json

HIGH, LOW = "\\uD800", "\\uDC00"  # halves of a surrogate pair, escaped


def case(name, text, *value):
    data = text if isinstance(text, bytes) else text.encode()
    print(name, data.hex() or "-", *(json.dumps(item) for item in value), sep="\t")


def accepted():
    for name, text, value in (
            ("arraysWithSpaces", "[[]   ]", [[]]), ("empty-string", '[""]', [""]), ("empty", "[]", []),
            ("ending_with_newline", '["a"]\n', ["a"]), ("false", "[false]", [False]),
            ("heterogeneous", '[null, 1, "1", {}]', [None, 1, "1", {}]), ("null", "[null]", [None]),
            ("with_1_and_newline", "[1\n]", [1]), ("with_leading_space", " [1]", [1]),
            ("with_several_null", "[1,null,null,null,2]", [1, None, None, None, 2]),
            ("with_trailing_space", "[2] ", [2])):
        case("y_array_" + name, text, value)
    for name, text in (
            ("0e+1", "0e+1"), ("0e1", "0e1"), ("after_space", " 4"),
            ("double_close_to_zero", "-0." + "0" * 77 + "1"), ("int_with_exp", "20e1"), ("minus_zero", "-0"),
            ("negative_int", "-123"), ("negative_one", "-1"), ("negative_zero", "-0"), ("real_capital_e", "1E22"),
            ("real_capital_e_neg_exp", "1E-2"), ("real_capital_e_pos_exp", "1E+2"), ("real_exponent", "123e45"),
            ("real_fraction_exponent", "123.456e78"), ("real_neg_exp", "1e-2"), ("real_pos_exponent", "1e+2"),
            ("simple_int", "123"), ("simple_real", "123.456789"), ("", "123e65")):
        case("y_number" + (name and "_" + name), f"[{text}]", [float(text)])
    for name, text, value in (
            ("", '{"asd":"sdf", "dfg":"fgh"}', {"asd": "sdf", "dfg": "fgh"}), ("basic", '{"asd":"sdf"}', {"asd": "sdf"}),
            ("duplicated_key", '{"a":"b","a":"c"}', {"a": "c"}),
            ("duplicated_key_and_value", '{"a":"b","a":"b"}', {"a": "b"}), ("empty", "{}", {}),
            ("empty_key", '{"":0}', {"": 0}), ("escaped_null_in_key", '{"foo\\u0000bar": 42}', {"foo\0bar": 42}),
            ("extreme_numbers", '{ "min": -1.0e+28, "max": 1.0e+28 }', {"min": -1e28, "max": 1e28}),
            ("long_strings", '{"x":[{"id": "%s"}], "id": "%s"}' % ("x" * 40, "x" * 40),
             {"x": [{"id": "x" * 40}], "id": "x" * 40}),
            ("simple", '{"a":[]}', {"a": []}),
            ("string_unicode", '{"title":"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430"}', {"title": "Полтора"}),
            ("with_newlines", '{\n"a": "b"\n}', {"a": "b"})):
        case("y_object" + (name and "_" + name), text, value)
    for name, text, value in (
            ("1_2_3_bytes_UTF-8_sequences", "\\u0060\\u012a\\u12AB", "`Īካ"),
            ("accepted_surrogate_pair", "\\uD801\\udc37", "\U00010437"),
            ("accepted_surrogate_pairs", "\\ud83d\\ude39\\ud83d\\udc8d", "\U0001f639\U0001f48d"),
            ("allowed_escapes", '\\"\\\\\\/\\b\\f\\n\\r\\t', '"\\/\b\f\n\r\t'), ("backslash_and_u_escaped_zero", "\\\\u0000", "\\u0000"),
            ("backslash_doublequotes", '\\"', '"'), ("comments", "a/*b*/c/*d//e", "a/*b*/c/*d//e"),
            ("double_escape_a", "\\\\a", "\\a"), ("double_escape_n", "\\\\n", "\\n"),
            ("escaped_control_character", "\\u0012", "\x12"), ("escaped_noncharacter", "\\uFFFF", "\uffff"),
            ("in_array", "asd", "asd"), ("in_array_with_leading_space", "asd", "asd"),
            ("last_surrogates_1_and_2", "\\uDBFF\\uDFFF", "\U0010ffff"), ("nbsp_uescaped", "new\\u00A0line", "new\xa0line"),
            ("nonCharacterInUTF-8_U+10FFFF", "\U0010ffff", "\U0010ffff"), ("nonCharacterInUTF-8_U+FFFF", "\uffff", "\uffff"),
            ("null_escape", "\\u0000", "\0"), ("one-byte-utf-8", "\\u002c", ","), ("pi", "π", "π"),
            ("reservedCharacterInUTF-8_U+1BFFF", "\U0001bfff", "\U0001bfff"), ("simple_ascii", "asd ", "asd "),
            ("surrogates_U+1D11E_MUSICAL_SYMBOL_G_CLEF", "\\uD834\\uDd1e", "\U0001d11e"), ("three-byte-utf-8", "\\u0821", "\u0821"),
            ("two-byte-utf-8", "\\u0123", "\u0123"), ("u+2028_line_sep", "\u2028", "\u2028"), ("u+2029_par_sep", "\u2029", "\u2029"),
            ("uEscape", "\\u0061\\u30af\\u30EA\\u30b9", "aクリス"), ("uescaped_newline", "new\\u000Aline", "new\nline"),
            ("unescaped_char_delete", "\x7f", "\x7f"), ("unicode", "\\uA66D", "\ua66d"), ("unicodeEscapedBackslash", "\\u005C", "\\"),
            ("unicode_2", "⍂㈴⍂", "⍂㈴⍂"), ("unicode_U+10FFFE_nonchar", "\\uDBFF\\uDFFE", "\U0010fffe"),
            ("unicode_U+1FFFE_nonchar", "\\uD83F\\uDFFE", "\U0001fffe"), ("unicode_U+200B_ZERO_WIDTH_SPACE", "\\u200B", "\u200b"),
            ("unicode_U+2064_invisible_plus", "\\u2064", "\u2064"), ("unicode_U+FDD0_nonchar", "\\uFDD0", "\ufdd0"),
            ("unicode_U+FFFE_nonchar", "\\uFFFE", "\ufffe"), ("unicode_escaped_double_quote", "\\u0022", '"'),
            ("utf8", "€\U0001d11e", "€\U0001d11e"), ("with_del_character", "a\x7fa", "a\x7fa")):
        space = " " if name.endswith("leading_space") else ""
        case("y_string_" + name, f'[{space}"{text}"]', [value])
    case("y_string_space", '" "', " ")
    for name, text, value in (
            ("lonely_false", "false", False), ("lonely_int", "42", 42), ("lonely_negative_real", "-0.1", -0.1),
            ("lonely_null", "null", None), ("lonely_string", '"asd"', "asd"), ("lonely_true", "true", True),
            ("string_empty", '""', ""), ("trailing_newline", '["a"]\n', ["a"]), ("true_in_array", "[true]", [True]),
            ("whitespace_array", " [] ", [])):
        case("y_structure_" + name, text, value)


def refused():
    arrays = {
        "1_true_without_comma": "[1 true]", "a_invalid_utf8": b"[a\xe5]", "colon_instead_of_comma": '["": 1]',
        "comma_after_close": '[""],', "comma_and_number": "[,1]", "double_comma": "[1,,2]", "double_extra_comma": '["x",,]',
        "extra_close": '["x"]]', "extra_comma": '["",]', "incomplete": '["x"', "incomplete_invalid_value": "[x",
        "inner_array_no_comma": "[3[4]]", "invalid_utf8": b"[\xff]", "items_separated_by_semicolon": "[1:2]", "just_comma": "[,]",
        "just_minus": "[-]", "missing_value": "[   , \"\"]", "newlines_unclosed": '["a",\n4\n,1,', "number_and_comma": "[1,]",
        "number_and_several_commas": "[1,,]", "spaces_vertical_tab_formfeed": '["\x0ba"\\f]', "star_inside": "[*]",
        "unclosed": '[""', "unclosed_trailing_comma": "[1,", "unclosed_with_new_lines": "[1,\n1\n,1",
        "unclosed_with_object_inside": "[{}"}
    for name, text in arrays.items(): case("n_array_" + name, text)
    case("n_incomplete_false", "[fals]")
    case("n_incomplete_null", "[nul]")
    case("n_incomplete_true", "[tru]")
    case("n_multidigit_number_then_00", b"123\0")
    numbers = {
        "++": "++1234", "+1": "+1", "+Inf": "+Inf", "-01": "-01", "-1.0.": "-1.0.", "-2.": "-2.", "-NaN": "-NaN", ".-1": ".-1",
        ".2e-3": ".2e-3", "0.1.2": "0.1.2", "0.3e+": "0.3e+", "0.3e": "0.3e", "0.e1": "0.e1", "0_capital_E+": "0E+",
        "0_capital_E": "0E", "0e+": "0e+", "0e": "0e", "1.0e+": "1.0e+", "1.0e-": "1.0e-", "1.0e": "1.0e", "1_000": "1 000.0",
        "1eE2": "1eE2", "2.e+3": "2.e+3", "2.e-3": "2.e-3", "2.e3": "2.e3", "9.e+": "9.e+", "Inf": "Inf", "NaN": "NaN",
        "U+FF11_fullwidth_digit_one": "\uff11", "expression": "1+2", "hex_1_digit": "0x1", "hex_2_digits": "0x42",
        "infinity": "Infinity", "invalid+-": "0e+-1", "invalid-negative-real": "-123.123foo", "invalid-utf-8-in-bigger-int": b"123\xe5",
        "invalid-utf-8-in-exponent": b"1e1\xe5", "invalid-utf-8-in-int": b"0\xe5", "minus_infinity": "-Infinity",
        "minus_sign_with_trailing_garbage": "-foo", "minus_space_1": "- 1", "neg_int_starting_with_zero": "-012",
        "neg_real_without_int_part": "-.123", "neg_with_garbage_at_end": "-1x", "real_garbage_after_e": "1ea",
        "real_with_invalid_utf8_after_e": b"1e\xe5", "real_without_fractional_part": "1.", "starting_with_dot": ".123",
        "with_alpha": "1.2a-3", "with_alpha_char": "1.8011670033376514H-308", "with_leading_zero": "012"}
    for name, text in numbers.items():
        case("n_number_" + name, b"[" + (text if isinstance(text, bytes) else text.encode()) + b"]")
    objects = {
        "bad_value": '["x", truth]', "bracket_key": '{[: "x"}\n', "comma_instead_of_colon": '{"x", null}', "double_colon": '{"x"::"b"}',
        "emoji": "{🇨🇭}", "garbage_at_end": '{"a":"a" 123}', "key_with_single_quotes": "{key: 'value'}",
        "lone_continuation_byte_in_key_and_trailing_comma": b'{"\xb9":"0",}', "missing_colon": '{"a" b}', "missing_key": '{:"b"}',
        "missing_semicolon": '{"a" "b"}', "missing_value": '{"a":', "no-colon": '{"a"', "non_string_key": "{1:1}",
        "non_string_key_but_huge_number_instead": "{9999E9999:1}", "repeated_null_null": "{null:null,null:null}",
        "several_trailing_commas": '{"id":0,,,,,}', "single_quote": "{'a':0}", "trailing_comma": '{"id":0,}',
        "trailing_comment": '{"a":"b"}/**/', "trailing_comment_open": '{"a":"b"}/**//', "trailing_comment_slash_open": '{"a":"b"}//',
        "trailing_comment_slash_open_incomplete": '{"a":"b"}/', "two_commas_in_a_row": '{"a":"b",,"c":"d"}', "unquoted_key": '{a: "b"}',
        "unterminated-value": '{"a":"a', "with_single_string": '{ "foo" : "bar", "a" }', "with_trailing_garbage": '{"a":"b"}#'}
    for name, text in objects.items(): case("n_object_" + name, text)
    case("n_single_space", " ")
    strings = {
        "1_surrogate_then_escape": HIGH + "\\", "1_surrogate_then_escape_u": HIGH + "\\u", "1_surrogate_then_escape_u1": HIGH + "\\u1",
        "1_surrogate_then_escape_u1x": HIGH + "\\u1x", "backslash_00": b"\\\0", "escape_x": "\\x00", "escaped_backslash_bad": "\\\\\\",
        "escaped_ctrl_char_tab": "\\\t", "escaped_emoji": "\\🌀", "incomplete_escape": "\\", "incomplete_escaped_character": "\\u00A",
        "incomplete_surrogate": HIGH + "\\uDC0", "incomplete_surrogate_escape_invalid": HIGH + "\\x", "invalid-utf-8-in-escape": b"\\u\xe5",
        "invalid_backslash_esc": "\\a", "invalid_unicode_escape": "\\uqqqq", "invalid_utf8_after_escape": b"\\\xe5",
        "unescaped_ctrl_char": b"a\0a", "unescaped_newline": "new\nline", "unescaped_tab": "\t", "unicode_CapitalU": "\\UA66D"}
    for name, text in strings.items():
        case("n_string_" + name, b'["' + (text if isinstance(text, bytes) else text.encode()) + b'"]')
    case("n_string_accentuated_char_no_quotes", "[é]")
    case("n_string_leading_uescaped_thinspace", '[\\u0020"asd"]')
    case("n_string_no_quotes_with_bad_escape", "[\\n]")
    case("n_string_single_doublequote", '"')
    case("n_string_single_quote", "['single quote']")
    case("n_string_single_string_no_double_quotes", "abc")
    case("n_string_start_escape_unclosed", '["\\')
    case("n_string_with_trailing_garbage", '""x')
    structures = {
        "100000_opening_arrays": "[" * 100_000, "U+2060_word_joined": "[\u2060]", "UTF8_BOM_no_data": b"\xef\xbb\xbf",
        "angle_bracket_.": "<.>", "angle_bracket_null": "[<null>]", "array_trailing_garbage": "[1]x",
        "array_with_extra_array_close": "[1]]", "array_with_unclosed_string": '["asd]', "ascii-unicode-identifier": "aå",
        "capitalized_True": "[True]", "close_unopened_array": "1]", "comma_instead_of_closing_brace": '{"x": true,',
        "double_array": "[][]", "end_array": "]", "incomplete_UTF8_BOM": b"\xef\xbb{}", "lone-invalid-utf-8": b"\xe5",
        "lone-open-bracket": "[", "no_data": "", "null-byte-outside-string": b"[\0]", "number_with_trailing_garbage": "2@",
        "object_followed_by_closing_object": "{}}", "object_unclosed_no_value": '{"":', "object_with_comment": '{"a":/*comment*/"b"}',
        "object_with_trailing_garbage": '{"a": true} "x"', "open_array_apostrophe": "['", "open_array_comma": "[,",
        "open_array_object": '[{"":' * 50_000, "open_array_open_object": "[{", "open_array_open_string": '["a',
        "open_array_string": '["a"', "open_object": "{", "open_object_close_array": "{]", "open_object_comma": "{,",
        "open_object_open_array": "{[", "open_object_open_string": '{"a', "open_object_string_with_apostrophes": "{'a'",
        "open_open": '["\\{["\\{["\\{["\\{', "single_eacute": b"\xe9", "single_star": "*", "trailing_#": '{"a":"b"}#{}',
        "uescaped_LF_before_string": '[\\u000A""]', "unclosed_array": "[1", "unclosed_array_partial_null": "[ false, nul",
        "unclosed_array_unfinished_false": "[ true, fals", "unclosed_array_unfinished_true": "[ false, tru", "unclosed_object": '{"asd":"asd"',
        "unicode-identifier": "å", "whitespace_U+2060_word_joiner": "\u2060", "whitespace_formfeed": "[\f]"}
    for name, text in structures.items(): case("n_structure_" + name, text)


def either():
    for name, text in (
            ("double_huge_neg_exp", "123.456e-789"), ("huge_exp", "0.4e" + "0" * 50 + "669999999999999999999999999"),
            ("neg_int_huge_exp", "-1e+9999"), ("pos_double_huge_exp", "1.5e+9999"), ("real_neg_overflow", "-123123e100000"),
            ("real_pos_overflow", "123123e100000"), ("real_underflow", "123e-10000000"), ("too_big_neg_int", "-" + "123" * 10),
            ("too_big_pos_int", "1" + "0" * 20), ("very_big_negative_int", "-" + "237462374673276894279832749832423479823246327846")):
        case("i_number_" + name, f"[{text}]")
    case("i_object_key_lone_2nd_surrogate", '{"\\uDFAA":0}')
    for name, text in (
            ("1st_surrogate_but_2nd_missing", "\\uDADA"), ("1st_valid_surrogate_2nd_invalid", "\\uD888\\u1234"),
            ("UTF-8_invalid_sequence", b"\xe6\x97\xa5\xd1\x88\xfa"), ("UTF8_surrogate_U+D800", b"\xed\xa0\x80"),
            ("incomplete_surrogate_and_escape_valid", HIGH + "\\n"), ("incomplete_surrogate_pair", "\\uDd1ea"),
            ("incomplete_surrogates_escape_valid", HIGH + HIGH + "\\n"), ("invalid_lonely_surrogate", "\\ud800"),
            ("invalid_surrogate", "\\ud800abc"), ("invalid_utf-8", b"\xff"), ("inverted_surrogates_U+1D11E", "\\uDd1e\\uD834"),
            ("iso_latin_1", b"\xe9"), ("lone_second_surrogate", LOW), ("lone_utf8_continuation_byte", b"\x81"),
            ("not_in_unicode_range", b"\xf4\xbf\xbf\xbf"), ("overlong_sequence_2_bytes", b"\xc0\xaf"),
            ("overlong_sequence_6_bytes", b"\xfc\x83\xbf\xbf\xbf\xbf"), ("overlong_sequence_6_bytes_null", b"\xfc\x80\x80\x80\x80\x80"),
            ("truncated-utf-8", b"\xe0\xff")):
        case("i_string_" + name, b'["' + (text if isinstance(text, bytes) else text.encode()) + b'"]')
    case("i_string_UTF-16LE_with_BOM", '\ufeff["é"]'.encode("utf-16-le"))
    case("i_string_utf16BE_no_BOM", '["é"]'.encode("utf-16-be"))
    case("i_string_utf16LE_no_BOM", '["é"]'.encode("utf-16-le"))
    case("i_structure_500_nested_arrays", "[" * 500 + "]" * 500)
    case("i_structure_UTF-8_BOM_empty_object", b"\xef\xbb\xbf{}")


accepted()
refused()
either()
