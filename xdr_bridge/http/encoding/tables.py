"""The labels of the Encoding standard, and where Python's codecs differ from its indexes.

Made from the standard's own files (https://encoding.spec.whatwg.org, of May 2026): the labels of
section 4.2 (`encodings.json`), and what the indexes of section 5 have other than Python's codecs.
"""

from __future__ import annotations

# By encoding, the labels that mean it.
_LABELS = {
    "utf-8": ("unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8"),
    "ibm866": ("866 cp866 csibm866 ibm866"),
    "iso-8859-2": (
        "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2"
    ),
    "iso-8859-3": (
        "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3"
    ),
    "iso-8859-4": (
        "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4"
    ),
    "iso-8859-5": (
        "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 "
        "iso_8859-5:1988"
    ),
    "iso-8859-6": (
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 "
        "iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"
    ),
    "iso-8859-7": (
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 "
        "iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek"
    ),
    "iso-8859-8": (
        "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 "
        "iso88598 iso_8859-8 iso_8859-8:1988 visual"
    ),
    "iso-8859-8-i": ("csiso88598i iso-8859-8-i logical"),
    "iso-8859-10": ("csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6"),
    "iso-8859-13": ("iso-8859-13 iso8859-13 iso885913"),
    "iso-8859-14": ("iso-8859-14 iso8859-14 iso885914"),
    "iso-8859-15": ("csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9"),
    "iso-8859-16": ("iso-8859-16"),
    "koi8-r": ("cskoi8r koi koi8 koi8-r koi8_r"),
    "koi8-u": ("koi8-ru koi8-u"),
    "macintosh": ("csmacintosh mac macintosh x-mac-roman"),
    "windows-874": ("dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874"),
    "windows-1250": ("cp1250 windows-1250 x-cp1250"),
    "windows-1251": ("cp1251 windows-1251 x-cp1251"),
    "windows-1252": (
        "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 "
        "iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252"
    ),
    "windows-1253": ("cp1253 windows-1253 x-cp1253"),
    "windows-1254": (
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 "
        "l5 latin5 windows-1254 x-cp1254"
    ),
    "windows-1255": ("cp1255 windows-1255 x-cp1255"),
    "windows-1256": ("cp1256 windows-1256 x-cp1256"),
    "windows-1257": ("cp1257 windows-1257 x-cp1257"),
    "windows-1258": ("cp1258 windows-1258 x-cp1258"),
    "x-mac-cyrillic": ("x-mac-cyrillic x-mac-ukrainian"),
    "gbk": ("chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk"),
    "gb18030": ("gb18030"),
    "big5": ("big5 big5-hkscs cn-big5 csbig5 x-x-big5"),
    "euc-jp": ("cseucpkdfmtjapanese euc-jp x-euc-jp"),
    "iso-2022-jp": ("csiso2022jp iso-2022-jp"),
    "shift_jis": ("csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis"),
    "euc-kr": (
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 "
        "ksc_5601 windows-949"
    ),
    "replacement": ("csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement"),
    "utf-16be": ("unicodefffe utf-16be"),
    "utf-16le": ("csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le"),
    "x-user-defined": ("x-user-defined"),
}
ENCODINGS = {label: name for name, labels in _LABELS.items() for label in labels.split()}

# By encoding: the first bytes in hex, and the characters of the sequences from there on.
_RUNS = {
    "big5": (
        ("877a", "\u3875\U00021d53\U0002369e\U00026021\u3eec"),
        (
            "87a1",
            (
                "\U000258de\u3af5\u7afc\u9f97\U00024161\U0002890d\U000231ea\U00020a8a\U0002325e\u430a\u8484"
                "\u9f96\u942f\u4930\u8613\u5896\u974a\u9218\u79d0\u7a32\u6660\u6a29"
                "\u889d\u744c\u7bc5\u6782\u7a2c\u524f\u9046\u34e6\u73c4\U00025db9\u74c6"
                "\u9fc7\u57b3\u492f\u544c\u4131\U0002368e\u5818\u7a72\U00027b65\u8b8f\u46ae"
                "\U00026e88\u4181\U00025d99\u7bae\U000224bc\u9fc8\U000224c1\U000224c9\U000224cc\u9fc9\u8504"
                "\U000235bb\u40b4\u9fca\u44e1\U0002adff\u62c1\u706e\u9fcb"
            ),
        ),
        ("8e69", "\u7bb8"),
        ("8e6f", "\u7c06"),
        ("8e7e", "\u7cce"),
        ("8eab", "\u7dd2"),
        ("8eb4", "\u7e1d"),
        ("8ecd", "\u8005"),
        ("8ed0", "\u8028"),
        ("8f57", "\u83c1"),
        ("8f69", "\u84a8"),
        ("8f6e", "\u840f"),
        ("8fcb", "\u89a6\u89a9"),
        ("8ffe", "\u8d77"),
        ("906d", "\u90fd"),
        ("907a", "\u92b9"),
        ("90dc", "\u975c"),
        ("90f1", "\u97ff"),
        ("91bf", "\u9f16"),
        ("9244", "\u8503"),
        ("92af", "\u5159\u515b\u515d\u515e"),
        ("92c8", "\u936e"),
        ("92d1", "\u7479"),
        ("9447", "\u6d67"),
        ("94ca", "\u799b"),
        ("95d9", "\u9097"),
        ("9644", "\u975d"),
        ("96ed", "\u701e"),
        ("96fc", "\u5b28"),
        ("9b76", "\u7201"),
        ("9b78", "\u77d7"),
        ("9b7b", "\u7e87"),
        ("9bc6", "\u99d6"),
        ("9bde", "\u91d4"),
        ("9bec", "\u60de"),
        ("9bf6", "\u6fb6"),
        ("9c42", "\u8f36"),
        ("9c53", "\u4fbb"),
        ("9c62", "\u71df"),
        ("9c68", "\u9104"),
        ("9c6b", "\u9df0"),
        ("9c77", "\u83cf"),
        ("9cbc", "\u5c10\u79e3"),
        ("9cd0", "\u5a67"),
        ("9d57", "\u8f0b"),
        ("9d5a", "\u7b51"),
        ("9dc4", "\u62d0"),
        ("9ea9", "\u6062"),
        ("9eef", "\u75f9"),
        ("9efd", "\u6c4a"),
        ("9f60", "\u9b2e"),
        ("9f66", "\u9f17"),
        ("9fcb", "\u50ed"),
        ("9fd8", "\u5f0c"),
        ("a063", "\u880f"),
        ("a077", "\u62ce"),
        ("a0d5", "\u7468"),
        ("a0df", "\u7162"),
        ("a0e4", "\u7250"),
        ("a145", "\u2027"),
        ("a14e", "\ufe51"),
        ("a1c2", "\xaf"),
        ("a1e3", "\uff5e"),
        ("a1f2", "\u2295\u2299"),
        ("a241", "\u2215\ufe68"),
        ("a244", "\uffe5"),
        ("a246", "\uffe0\uffe1"),
        (
            "a3c0",
            (
                "\u2400\u2401\u2402\u2403\u2404\u2405\u2406\u2407\u2408\u2409\u240a"
                "\u240b\u240c\u240d\u240e\u240f\u2410\u2411\u2412\u2413\u2414\u2415"
                "\u2416\u2417\u2418\u2419\u241a\u241b\u241c\u241d\u241e\u241f\u2421"
                "\u20ac"
            ),
        ),
        ("c6cf", "\u5ef4"),
        ("c6d3", "\u65e0"),
        ("c6d5", "\u7676"),
        ("c6d7", "\u96b6"),
        ("c6de", "\u3003\u4edd"),
        ("fa5f", "\u5029"),
        ("fa66", "\u507d"),
        ("fabd", "\u5305"),
        ("fac5", "\u5344"),
        ("fad5", "\u537f"),
        ("fb48", "\u5605"),
        ("fbb8", "\u5a77"),
        ("fbf3", "\u5e75"),
        ("fbf9", "\u5ed0"),
        ("fc4f", "\u5f58"),
        ("fc6c", "\u60a4"),
        ("fcb9", "\u6490"),
        ("fce2", "\u6674"),
        ("fcf1", "\u675e"),
        ("fdb7", "\u6c9c\u6e1d"),
        ("fdbb", "\u6e2f"),
        ("fdf1", "\u716e"),
        ("fe52", "\u732a"),
        ("fe6f", "\u745c"),
        ("feaa", "\u74e9"),
        ("fedd", "\u7809"),
    ),
    "gb18030": (
        ("8135f437", "\ue7c7"),
        ("a3a0", "\u3000"),
        ("a6d9", "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16"),
        ("a6ec", "\ufe17\ufe18"),
        ("a6f3", "\ufe19"),
        ("a8bc", "\u1e3f"),
        ("fe59", "\u9fb4"),
        ("fe61", "\u9fb5"),
        ("fe66", "\u9fb6\u9fb7"),
        ("fe6d", "\u9fb8"),
        ("fe7e", "\u9fb9"),
        ("fe90", "\u9fba"),
        ("fea0", "\u9fbb"),
    ),
    "euc-jp": (("8fa2b7", "\uff5e"),),
}
DIFFERENCES = {
    name: {
        (int(first, 16) + offset).to_bytes(len(first) // 2, "big"): character
        for first, characters in runs
        for offset, character in enumerate(characters)
    }
    for name, runs in _RUNS.items()
}
