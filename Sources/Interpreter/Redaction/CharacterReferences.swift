/// The names of characters in HTML (section 13.5 of the HTML standard) that programs write for ASCII and Latin-1.
enum CharacterReferences {
    /// The characters by the bytes of their names. The last byte of a name is the lowest one of the key.
    static let byName: [UInt64: UInt32] = {
        var names: [UInt64: UInt32] = [:]
        func add(_ list: String, from first: UInt32) {
            for (scalar, name) in zip(first..., list.split(separator: " ")) {
                names[name.utf8.reduce(0) { $0 << 8 | UInt64($1) }] = scalar
            }
        }
        add("excl quot num dollar percnt amp apos lpar rpar ast plus comma hyphen period sol", from: 0x21)
        add("colon semi lt equals gt quest commat", from: 0x3a)
        add("lsqb bsol rsqb Hat lowbar grave", from: 0x5b)
        add("lcub verbar rcub", from: 0x7b)
        add(
            """
            nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro \
            para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil \
            Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
            Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml \
            igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute \
            thorn yuml
            """, from: 0xa0)
        add("euro", from: 0x20ac)
        add("Tab NewLine", from: 0x09)
        return names
    }()
}
