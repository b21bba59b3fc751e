"""How consent is named and answered, in the tongues of shops: words, and the patterns of names."""

from __future__ import annotations

import re

__all__ = ["ABOUT_CONSENT", "ABOUT_US", "NO", "NO_ANSWER", "REFUSAL", "TURNED", "YES"]

NO = frozenset(
    {"false", "0", "0.0", "no", "n", "f", "off", "denied", "declined", "refused", "withdrawn", "rejected", "revoked"}
    | {"nein", "non", "nej", "nee", "nie", "nem", "não", "nao", "ne", "ei", "abgelehnt", "verweigert", "widerrufen"}
    | {"refusé"}
)
YES = frozenset(
    {"true", "1", "1.0", "yes", "y", "t", "on", "granted", "accepted", "allowed"}
    | {"ja", "oui", "si", "sí", "sì", "sim", "tak", "ano", "igen", "zugestimmt", "erteilt", "accepté"}
)
REFUSAL = re.compile(r"den(y|ied)|declin|reject|refus|withdraw|opt.?out|opted.?out|revoked|^not?[ _-]", re.IGNORECASE)
"""A refusal in words of the shop's own."""

TURNED = re.compile(r"opt(ed)?[-_ ]?out|do[-_ ]?not[-_ ]?track|\bdnt\b", re.IGNORECASE)
"""Names under which a yes is a no."""

PURPOSE = r"(tracking|cookies?|analytics|personali[sz]ation)"
ABOUT_CONSENT = re.compile(
    r"consent|consenso|einwilligung|zustimmung|toestemming|samtyck?e|analytics_?storage|gdpr|dsgvo|rgpd"
    rf"|{PURPOSE}[-_ ]?(allowed|accepted|enabled|permission|ok\b)|(allow|accept)(s|ed)?[-_ ]?{PURPOSE}"
    # Newsletters are asked about in the same words; they say nothing of what a shop may evaluate.
    r"|(?<!marketing)(?<!marketing[-_ ])(?<!newsletter[-_ ])(?<!email[-_ ])(?<!sms[-_ ])opt(ed)?[-_ ]?in\b"
    rf"|{TURNED.pattern}",
    re.IGNORECASE,
)
ABOUT_US = re.compile(r"analytic|statisti|personali[sz]|performance", re.IGNORECASE)
"""Purposes, among those that an object of consent has, that personalisation stands under."""
NO_ANSWER = re.compile(r"version|(^|[_-])id$|time|date|updated|applies|scope|source|method", re.IGNORECASE)
"""Names in an object of consent whose values are no answers."""
