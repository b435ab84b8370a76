"""Texts that harm whoever shows them unescaped or makes a path of them."""

from __future__ import annotations

#: Breaks out of elements, attributes, style sheets and comments; colours terminals; turns lines around; climbs folders.
EVIL = (
    "<qx-evil onclick=qx()><script>qx()</script></style></title></textarea>--><qx-evil>"
    "' qx-attr='1\" qx-attr=\"1` qx-attr=1 &lt;qx-evil&gt; &amp;lt;qx-evil&amp;gt; javascript:qx() ${qx} %(qx)s {qx} "
    "\x1b[31m\x1b]0;qx\x07\x00\x08\r\u202e\u2066\u200f\ud83d ../../../etc/qx\\..\\qx C:\\qx | ; `qx` $(qx)"
)
#: The same as an id may be: printable, and not too long to be one.
EVIL_ID = "<qx-evil>' qx-attr='1\" qx-attr=\"1&lt;qx-evil&gt; ../../../etc/qx\\..\\qx{qx}%s"
#: The same as one word.
EVIL_WORD = "<qx-evil>'qx-attr='1\"onclick=\"qx()&lt;qx-evil&gt;../../etc/qx"
#: A megabyte, far more than any output may hold.
EVIL_LONG = EVIL + " and so on" * 110_000
