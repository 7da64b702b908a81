"""The words of a webhook endpoint's answer that an operator may read (see `answers.redacted`).

Words about HTTP, signatures, JSON and software in trouble, and what joins them. None of them tells
who a case is about or what happened: keep it so when adding to them.
"""

from __future__ import annotations

_WORDS = """
a absent accept acceptable accepted access algorithm allowed already an and api app application
are as at authentication authorization authorized available bad base64 be bearer been body broken
by bytes can cannot certificate check closed compression conflict connection content corrupt
crashed credentials database decode denied did disk does down duplicate empty encoding endpoint
entity error exceeded exception exhausted exists expected expired failed failure fatal field
fields for forbidden format found from full function gateway gone handler has have header headers
hmac host http https id identity ids if implemented in inactive incorrect input internal invalid
is it json just key keys large length limit limited lock locked long maintenance malformed many
maximum media memory message method minimum mismatch missing more moved must no not now null
object of old on only or origin outdated overloaded page parameter parse parser parsing path
payload permission permitted pool port post property proxy query queue quota rate reached read
received refused rejected replay request requests required resource response retry rightly route
runtime schema secret secrets server service sha256 should signature signatures signed size skew
slow stale status stopped storage stored string suspended syntax table temporarily temporary than
the this throttled time timed timeout timestamp to token tolerance too traceback trailing type
unable unauthorized unavailable uncompressed unexpected unhandled unknown unprocessable
unreachable unreadable unrecognized unsupported upstream url utf8 validation value verification
verified verify version was webhook were with within without wrong
"""

TECHNICAL_WORDS = frozenset(_WORDS.split())
