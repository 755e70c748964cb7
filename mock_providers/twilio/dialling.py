"""What a phone number says of itself: its country, whether its length can be right, and the kind of its line.

Calling codes as ITU-T E.164 assigns them; lengths and ranges of the larger countries as their numbering plans have
them. What no table here tells is possible, and its line `unknown`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LINE_TYPES = (
    "landline", "mobile", "fixedVoip", "nonFixedVoip", "personal", "tollFree", "premium", "sharedCost", "uan",
    "voicemail", "pager", "unknown",
)  # fmt: skip
"""All that the vendor tells of a line."""


def _table(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


_CODES = _table(
    "1:US 7:RU 20:EG 27:ZA 30:GR 31:NL 32:BE 33:FR 34:ES 36:HU 39:IT 40:RO 41:CH 43:AT 44:GB 45:DK 46:SE 47:NO "
    "48:PL 49:DE 51:PE 52:MX 53:CU 54:AR 55:BR 56:CL 57:CO 58:VE 60:MY 61:AU 62:ID 63:PH 64:NZ 65:SG 66:TH 81:JP "
    "82:KR 84:VN 86:CN 90:TR 91:IN 92:PK 93:AF 94:LK 95:MM 98:IR 211:SS 212:MA 213:DZ 216:TN 218:LY 220:GM 221:SN "
    "222:MR 223:ML 224:GN 225:CI 226:BF 227:NE 228:TG 229:BJ 230:MU 231:LR 232:SL 233:GH 234:NG 235:TD 236:CF "
    "237:CM 238:CV 239:ST 240:GQ 241:GA 242:CG 243:CD 244:AO 245:GW 246:IO 247:AC 248:SC 249:SD 250:RW 251:ET "
    "252:SO 253:DJ 254:KE 255:TZ 256:UG 257:BI 258:MZ 260:ZM 261:MG 262:RE 263:ZW 264:NA 265:MW 266:LS 267:BW "
    "268:SZ 269:KM 290:SH 291:ER 297:AW 298:FO 299:GL 350:GI 351:PT 352:LU 353:IE 354:IS 355:AL 356:MT 357:CY "
    "358:FI 359:BG 370:LT 371:LV 372:EE 373:MD 374:AM 375:BY 376:AD 377:MC 378:SM 379:VA 380:UA 381:RS 382:ME "
    "383:XK 385:HR 386:SI 387:BA 389:MK 420:CZ 421:SK 423:LI 500:FK 501:BZ 502:GT 503:SV 504:HN 505:NI 506:CR "
    "507:PA 508:PM 509:HT 590:GP 591:BO 592:GY 593:EC 594:GF 595:PY 596:MQ 597:SR 598:UY 599:CW 670:TL 672:NF "
    "673:BN 674:NR 675:PG 676:TO 677:SB 678:VU 679:FJ 680:PW 681:WF 682:CK 683:NU 685:WS 686:KI 687:NC 688:TV "
    "689:PF 690:TK 691:FM 692:MH 850:KP 852:HK 853:MO 855:KH 856:LA 880:BD 886:TW 960:MV 961:LB 962:JO 963:SY "
    "964:IQ 965:KW 966:SA 967:YE 968:OM 970:PS 971:AE 972:IL 973:BH 974:QA 975:BT 976:MN 977:NP 992:TJ 993:TM "
    "994:AZ 995:GE 996:KG 998:UZ "
)

_ISLANDS = _table(
    "242:BS 246:BB 264:AI 268:AG 284:VG 340:VI 345:KY 441:BM 473:GD 649:TC 658:JM 664:MS 670:MP 671:GU 684:AS "
    "721:SX 758:LC 767:DM 784:VC 787:PR 809:DO 829:DO 849:DO 868:TT 869:KN 876:JM 939:PR "
)
_CANADA = (
    "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 403 416 418 428 431 437 438 450 460 468 474 506 "
    "514 519 537 548 568 579 581 584 587 600 604 613 622 639 647 672 683 705 709 742 753 778 780 782 807 819 825 "
    "867 873 879 902 905 942 "
)

_LENGTHS = {
    "1": (10, 10), "7": (10, 10), "31": (9, 11), "32": (8, 9), "33": (9, 9), "34": (9, 9), "39": (6, 12),
    "41": (9, 12), "44": (9, 10), "45": (8, 8), "46": (7, 13), "47": (8, 8), "48": (9, 9), "49": (5, 13),
    "52": (10, 11), "55": (10, 11), "61": (9, 10), "65": (8, 11), "81": (9, 10), "82": (8, 11), "86": (9, 12),
    "90": (10, 13), "91": (10, 13), "351": (9, 9), "353": (7, 11), "358": (5, 12), "852": (8, 11), "971": (8, 12),
    "972": (8, 12),
}  # fmt: skip
"""The fewest and the most digits after the calling code."""
_ANY_LENGTH = (4, 12)
LONGEST = 15
"""Digits of a number, its calling code among them (E.164)."""

_WITHOUT_TRUNK_ZERO = frozenset(("1", "7", "34", "39", "45", "47", "48", "351", "420", "852", "65"))

_LINES = _table(
    "1800:tollFree 1833:tollFree 1844:tollFree 1855:tollFree 1866:tollFree 1877:tollFree 1888:tollFree 1900:premium "
    "1500:personal 1521:personal 1522:personal 1533:personal 1544:personal 1:mobile 447:mobile 4470:personal "
    "4476:pager 447624:mobile 441:landline 442:landline 443:uan 4455:uan 4456:fixedVoip 44800:tollFree "
    "44808:tollFree 4484:sharedCost 4487:sharedCost 449:premium 4915:mobile 4916:mobile 4917:mobile 49800:tollFree "
    "49900:premium 49700:personal 49180:sharedCost 492:landline 493:landline 494:landline 495:landline 496:landline "
    "497:landline 498:landline 499:landline 331:landline 332:landline 333:landline 334:landline 335:landline "
    "336:mobile 337:mobile 3380:tollFree 3381:sharedCost 3382:sharedCost 3389:premium 339:nonFixedVoip 346:mobile "
    "347:mobile 348:landline 349:landline 34900:tollFree 34800:tollFree 34803:premium 393:mobile 390:landline "
    "39800:tollFree 314:landline 316:mobile 31800:tollFree 32460:mobile 3247:mobile 3248:mobile 3249:mobile "
    "614:mobile 612:landline 613:landline 617:landline 618:landline 611800:tollFree 6113:sharedCost 916:mobile "
    "917:mobile 918:mobile 919:mobile 911800:tollFree 8170:mobile 8180:mobile 8190:mobile 8150:nonFixedVoip "
    "81120:tollFree 813:landline 816:landline 8613:mobile 8614:mobile 8615:mobile 8616:mobile 8617:mobile "
    "8618:mobile 8619:mobile 8610:landline 862:landline 79:mobile 74:landline 78:tollFree 4179:mobile 4178:mobile "
    "4177:mobile 4176:mobile 4175:mobile 41800:tollFree 467:mobile 4620:tollFree "
)
"""Kinds of lines by the digits that a number begins with; the longest that fits counts."""
_LONGEST_RANGE = max(map(len, _LINES))

_DIGITS = re.compile(r"[0-9]")
_SHAPE = re.compile(r"\+?[0-9 ().\-/]+")
_NORTH_AMERICAN = re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}")


class Number(NamedTuple):
    """A number as one asked for it, read: `errors` is empty for one that can exist."""

    e164: str
    calling_code: str | None
    country: str | None
    national: str
    errors: tuple[str, ...]

    @property
    def line_type(self) -> str:
        """The kind of line that the number's range is for; `unknown` where no range tells."""
        digits = self.e164.removeprefix("+")
        for length in range(min(len(digits), _LONGEST_RANGE), 0, -1):
            if digits[:length] in _LINES:
                return _LINES[digits[:length]]
        return "unknown"


def read_number(text: str, *, country: str = "") -> Number:
    """A number in E.164 or, with its country (two letters; US, if left out), as it is dialled there."""
    text = text.strip()
    digits = "".join(_DIGITS.findall(text))
    if not _SHAPE.fullmatch(text) or len(digits) < 2:
        return Number(text, None, None, text, ("NOT_A_NUMBER",))
    if text.startswith("+"):
        code = calling_code(digits)
        if code is None:
            return Number(f"+{digits}", None, None, digits, ("INVALID_COUNTRY_CODE",))
        national = digits.removeprefix(code)
    else:
        code = code_of(country or "US") or "1"
        national = _dialled(digits, code)
    return Number(
        f"+{code}{national}", code, _country(code, national), _national_format(code, national), _errors(code, national)
    )


def calling_code(digits: str) -> str | None:
    """The calling code that digits begin with, or None if none is assigned."""
    return next((digits[:length] for length in (1, 2, 3) if digits[:length] in _CODES), None)


def code_of(country: str) -> str | None:
    """The calling code of a country's two letters."""
    wanted = country.upper()
    if wanted == "CA" or wanted in _ISLANDS.values():
        return "1"
    return next((code for code, name in _CODES.items() if name == wanted), None)


def _dialled(digits: str, code: str) -> str:
    """Digits as they are dialled in a country, without what only leads out of a town there."""
    if code == "1":
        return digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    return digits if code in _WITHOUT_TRUNK_ZERO else digits.removeprefix("0")


def _errors(code: str, national: str) -> tuple[str, ...]:
    least, most = _LENGTHS.get(code, _ANY_LENGTH)
    if len(national) < least:
        return ("TOO_SHORT",)
    if len(national) > min(most, LONGEST - len(code)):
        return ("TOO_LONG",)
    if code == "1" and not _NORTH_AMERICAN.fullmatch(national):
        return ("INVALID_BUT_POSSIBLE",)
    return ()


def _country(code: str, national: str) -> str:
    area = national[:3]
    if code == "1":
        return "CA" if f"{area} " in _CANADA else _ISLANDS.get(area, "US")
    return "KZ" if code == "7" and national[:1] in ("6", "7") else _CODES[code]


def _national_format(code: str, national: str) -> str:
    if code == "1" and len(national) == 10:
        return f"({national[:3]}) {national[3:6]}-{national[6:]}"
    return national if code in _WITHOUT_TRUNK_ZERO else f"0{national}"
