"""The words that tell what a clause does: rumor, denial, confirmation, silence. English and Chinese. Pure.

Each pattern is searched in a folded clause. Which one goes before the others is decided in stance.py.
"""

import re


def _any(*patterns: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)


REPORT = r"(?:the |these |those |such |any |media |press |recent |latest |market )*(?:reports?|rumou?rs?|speculation|claims?|story|stories|news|information|suggestions?|allegations?)"
NO_COMMENT = _any(
    r"\bneither confirm\w* nor den\w+",
    r"\bn(?:either|ot) den\w+ (?:n?or) confirm\w*",
    r"\b(?:declin|refus)(?:ed|es|ing|e) to (?:\w+ )?(?:comment|discuss|elaborate|say|confirm or deny)\b",
    r"\bdeclin(?:ed|es|ing) (?:all |any |further )?comment\b|\bpremature to (?:comment|speculate|say)\b",
    r"\b(?:would|will|could|did|does|do) ?n[o']t (?:immediately )?comment\b",
    r"\b(?:wouldn't|won't|couldn't|didn't) comment\b",
    r"\b(?:had|has|have|gave|with) no (?:\w+ )?comment\b",
    "不予置评|拒绝置评|未予置评|不作评论|不予评论|拒绝评论|暂无评论",
)
NO_RESPONSE = _any(
    r"\b(?:has|have|had|did|do|does) ?n[o']t (?:yet |immediately |so far )*(?:respond|repl|return|answer)\w*",
    r"\b(?:hasn't|haven't|hadn't|didn't|doesn't) (?:yet |immediately )*(?:respond|repl|return|answer)\w*",
    r"\bcould not (?:immediately )?be reached\b",
    r"\b(?:was|were) not (?:immediately )?available (?:for|to) comment\b",
    r"\b(?:was|were) unavailable (?:for|to) comment\b",
    "(?:未|尚未|没有|暂未|并未)(?:作出|做出|予以|立即)?(?:回应|回复|答复)",
)
DENIAL = _any(
    # A court denies a motion, and a company a request: neither denies a story.
    r"\bden(?:ied|ies|y|ying)\b(?! (?:[\w'<>-]+ ){0,7}?(?:motions?|requests?|injunctions?|petitions?|appeals?|applications?|access|permission)\b)",
    r"\buntrue\b|\bnot true\b|\bno truth\b|\bnot correct\b|\bgroundless\b|\bbaseless\b|\bunfounded\b|\bfake news\b",
    r"\bfabricated\b|\bnot accurate\b|\binaccurate\b",
    r"\b(?:is|are|was|were|as|be|completely|totally|entirely) (?:\w+ly )?(?:false|wrong|incorrect|nonsense|rubbish)\b",
    r"\bno (?:such |current |immediate |concrete )*(?:plans?|intentions?|talks|negotiations|discussions|agreement|deal)\b(?! yet)",
    r"\bno basis\b|\bwithout (?:any )?foundation\b",
    rf"\b(?:dismiss|refut|reject|rebuff|rubbish|quash|contradict)(?:ed|es|s|ing) (?:as \w+ )?{REPORT}",
    r"\brefut(?:ed|es) (?:it|this|that|them)\b|\brul(?:ed|es) out\b",
    r"\bnot (?:currently |actively |now )?(?:in (?:any )?(?:talks|discussions|negotiations)|considering|planning|negotiating|discussing|selling|buying|for sale)\b",
    r"\bnot (?:currently |actively |now )?(?:holding|having|conducting|engaged in) (?:any )?(?:talks|discussions|negotiations)\b",
    r"\b(?:does|do|did|has|have)(?: not|n't) (?:currently )?(?:plan|intend|propose|planned|intended)\b|\b(?:not interested|no interest) in\b",
    "否认|不实|并无此事|不属实|没有此事|无此事|谣言|辟谣|子虚乌有|无此计划|没有(?:相关|此类|任何)?(?:计划|打算)|假消息",
)
CONFIRMATION = _any(
    r"\bannounc(?:ed?|es|ing|ement)\b",
    r"\bconfirm(?:ed|s|ing|ation)?\b",
    r"\b(?:has |have |had )?signed\b|\bsigning of\b",
    r"\bletters? of intent\b|\bmemorandum of understanding\b",
    r"\bagreed (?:to|on|in principle)\b|\b(?:reached|entered|struck|sealed|concluded) (?:into )?(?:an? |the )?(?:\w+ )?(?:agreement|deal|contract|pact)\b",
    r"\bcompleted (?:its|the|their)\b|\bunveiled\b|\bdisclosed\b|\backnowledged\b",
    "宣布|公告|确认|证实|签署|签订|签约|达成(?:协议|合作)|官宣",
)
SAYING = (
    r"said|says|announce|confirm|stated|states|told|added|announced|announces|confirmed|confirms|disclosed|noted|declared|clarified|wrote|"
    r"revealed|acknowledged|insisted|stressed|explained|replied|responded|posted|unveiled"
)
SPOKEN = _any(
    rf"\b(?:{SAYING})\b|\bas saying\b|\bannouncement\b|\bstatement\b|\bfiling\b", "表示|称|说|透露|回应|公告|宣布|指出"
)
# Nothing is settled: neither a confirmation nor a denial.
UNDECIDED = _any(
    r"\b(?:not|nothing|n't)(?: (?:yet|been|has|is|was|are|have|had|a|any|final\w*|\w+ly))* decided\b|\bno (?:final |formal )?decisions?\b|\bundecided\b",
    r"\b(?:not|n't)(?: (?:yet|been|be))* (?:made|taken|reached) (?:a|any) (?:final |definitive )?(?:decision|conclusion)\b",
    "尚未决定|未作决定|没有决定",
)
# That a deal came to nothing is a stage of it, and neither a denial nor a confirmation.
ENDED = _any(
    r"\b(?:terminat|withdr[ae]w|abandon|scrap|suspend|cancel|halt)\w* (?:\w+ ){0,3}?(?:plans?|talks|discussions|negotiations|agreement|deal|offer|bid|proposal|merger|acquisition|takeover|partnership|joint venture)\b",
    r"\bwithdraw from (?:\w+ ){0,3}?(?:talks|negotiations|deal|agreement|merger)\b|\b(?:broke|broken|breaks|called|calls|call) off\b",
    r"\b(?:ended|ends|ending) (?:\w+ ){0,3}?(?:talks|negotiations|discussions|partnership|cooperation|joint venture)\b|\btalks (?:\w+ ){0,4}?(?:collapsed|failed|ended)\b",
    r"\b(?:failed|unable|not been able|not able) to (?:reach|agree|conclude|complete)\b|\bpulled out of\b",
    "终止(?:合作|谈判|交易|收购)|谈判破裂|撤回(?:收购|要约|提议)|取消(?:收购|合作|交易)",
)
RUMOR = _any(
    r"\breported(?:ly)?\b|\breports? (?:indicate|suggest|say|claim|that)\w*|\baccording to (?:local |media |press )*(?:reports?|rumou?rs?|media)\b",
    r"\b(?:is|are|was|were|been) (?:thought|said|believed|understood|rumou?red|expected|tipped|reported|set|poised) to\b",
    r"\b(?:consider|explor|weigh|mull|ponder|evaluat|study|discuss|eye|seek|court|pursu|target)(?:s|es|ed|ing|ying)?\b",
    r"\bin (?:\w+ ){0,2}(?:talks|discussions|negotiations)\b|\btalks (?:with|over|about|on)\b|\bnegotiat(?:es|ing|ions?)\b|\b(?:held|holding|hold) (?:\w+ )?(?:talks|discussions)\b",
    r"\bclose to (?:being |a |an |\w+ing)|\bnear(?:s|ing) (?:a |an )?(?:deal|agreement|completion|final\w*)|\babout to\b|\bverge of\b",
    r"\bpeople (?:familiar|close|with)|\b(?:person|source|individual)s? (?:familiar|close|with)|\binsiders?\b|\binformants?\b",
    r"\b(?:private|informed|unnamed|anonymous|industry|several|multiple) sources\b|\bsources (?:said|say|told|also|have|had|added|close)\b",
    r"\brumou?rs?\b|\bspeculation\b|\bwants? to\b|\bhopes? to\b|\bplans? to\b|\blooking (?:to|at|for)\b|\blikely to\b|\bodds are\b",
    r"\bmay\b(?! \d)|\bmight\b|\bcould\b|\bpossib(?:ly|ility)\b|\bpotential(?:ly)?\b",
    r"\bto (?:announce|sign|finali[sz]e|unveil) (?:a |an |the )?(?:\w+ )?(?:deal|agreement|pact)\b",
    "据传|传闻|传言|据悉|获悉|知情人|消息人士|业内人士|内部人士|据报道|考虑|洽谈|谈判|有望|接近|拟|或将|计划",
)
HEDGE = _any(
    r"\bmay\b(?! \d)|\bmight\b|\bcould\b|\blikely\b|\bodds are\b|\bpossib(?:ly|ility)\b|\bpotential(?:ly)?\b|\bperhaps\b|\bprobably\b",
    r"\bthought to\b|\bbelieved to\b|\breportedly\b|\bconsider(?:s|ed|ing)?\b|\bexplor(?:e|es|ing)\b|\bweigh(?:s|ing)?\b|\bmull(?:s|ing)?\b",
    r"\bconfirm\w* (?:that )?(?:it is |they are )?(?:[\w-]+ ){0,3}?(?:talks|discussions|negotiations)\b",
    r"\bhopes? to\b|\bwould like\b|\bexpects? to\b|\bin (?:\w+ ){0,2}talks\b|\bclose to (?:being|\w+ing)\b",
    "可能|有望|或将|考虑|洽谈|接近",
)
IF_TRUE = _any(
    rf"\bif {REPORT}\b.{{0,80}}?\b(?:is|are|be|prove\w*|turn\w*) (?:true|accurate|correct|confirmed|right|to be)",
    rf"\bif (?:it is |it's |this is |it )?(?:true|confirmed)\b|\bif (?:the |a )?{REPORT} (?:hold|come|bear)",
    "如果(?:消息|报道|传闻).{0,6}属实",
)
CONDITION = _any(
    r"(?<!or )(?<!whether )\bif (?:the |a |an |this |that )?(?:\w+ ){0,2}(?:cooperation|deal|partnership|agreement|talks|tie-up|transaction|merger|acquisition|plan)\b",
    r"\b(?:subject to|provided that|conditional on|should the (?:deal|talks))\b",
    "如果.{0,8}(?:达成|成功|合作)|若.{0,8}(?:达成|成功|合作)",
)
ASIDE = _any(r"^\W*(?:unlike|similar to|in contrast to|compared (?:with|to))\b", "^不同于|^与.{1,20}不同")
OPINION = _any(
    r"\b(?:could|would|might|may) (?:be|prove|make|help|give|allow|mean|become)\b.{0,40}\b(?:ideal|sense|move|case|good|better|blow|boost|benefit|solution)\b",
    r"\b(?:should|ought to)\b (?:\w+ )?(?:buy|acquire|merge|partner)\b|\banalysts? (?:say|said|believe|expect)s?\b",
)
BACKGROUND = _any(
    r"\balready (?:operates?|has|have|owns?|holds?|runs?|work|sells?|terminated|ended|closed|makes?)\b",
    r"\b(?:has|have|had|owns?|operates?|runs?|holds?) (?:an? |two |its own )?(?:existing |50[-:/ ]?50 |equal )?(?:joint venture|JV|stake|partnership)\b",
    r"\beach (?:with|holding|owning) (?:an? )?\d+|\bcurrently (?:owns?|holds?|operates?|has)\b|\bexisting (?:joint venture|partnership|cooperation|alliance|deal)\b",
    r"\b(?:founded|established|set up|formed|bought|acquired) in (?:19|20)\d\d\b",
    "目前(?:持有|拥有)|双方(?:各)?持股|成立于",
)
NEGATED = re.compile(
    r"(?:\bnot|n't|\bnever|\bneither|\bnor|\bwithout|\byet to(?: be)?|\bcan(?:not)?|\bunable to|\bto be|\brefused to|\bdeclined to|未|没有|尚未|并未|无法)"
    r"(?: (?:yet|been|be|either|officially|publicly|immediately|independently|formally|explicitly|get|\w+ly))*\s?$",
    re.IGNORECASE,
)
NOT_YET_DONE = re.compile(
    r"(?:\b(?:to|will|would|may|might|could|expected to|about to|close to|set to|soon|if|whether|until|before|awaiting|un)"
    r"(?: be| officially| formally| soon)*) ?$",
    re.IGNORECASE,
)
PLAIN = _any(
    r"\bwill\b|\bwould\b|\bto (?:buy|acquire|sell|merge|form|invest|build|use|adopt|take|join|develop|licen[cs]e|make|supply|produce|set up|partner)\b|\bhas (?:acquired|bought|sold|agreed|joined)\b|\bis (?:to|set)\b|\bwas (?:to|set)\b",
    "将|要",
)


def words_before(folded: str, place: int) -> str:
    """The words just before a place; as much as any pattern that looks back needs."""
    return folded[max(0, place - 90) : place]


def spoken_at(pattern: re.Pattern[str], folded: str) -> re.Match[str] | None:
    """The first cue of a pattern that is not negated."""
    return next(
        (cue for cue in pattern.finditer(folded) if not NEGATED.search(words_before(folded, cue.start()))), None
    )
