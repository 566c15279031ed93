"""Words that headlines use for one another. General English, in groups; the first of a group stands for all. Pure."""

_GROUPS = """
kill killed kills killing slain slay slays murder murders murdered die dies died dead death deaths
behead beheads beheaded beheading decapitate decapitated decapitates decapitation
photo photos photograph photographed photographs picture pictures image images pic pics
video videos footage clip clips film filmed
child children kid kids
woman women female lady
man men male guy
teen teens teenage teenager teenagers
arrest arrests arrested detain detains detained detention custody
buy buys buying bought acquire acquires acquired acquiring acquisition acquisitions purchase purchases purchased takeover bid bids buyout
sell sells sold selling sale sales divest divests divested divestiture
merge merges merged merger mergers combine combination
stake stakes shareholding holding equity
company companies firm firms maker makers manufacturer manufacturers carmaker carmakers automaker automakers
partner partners partnership partnerships alliance alliances cooperate cooperates cooperation collaborate collaboration
talk talks negotiate negotiates negotiation negotiations discussion discussions
plant plants factory factories
launch launches launched release releases released unveil unveils unveiled debut debuts introduce introduces
price prices priced pricing cost costs retail
worker workers employee employees staff staffer
fire fired fires sacked dismissed
attack attacks attacked assault assaulted
hurt hurts injure injured injures injury wound wounded
plane planes jet jets aircraft airliner
police cop cops officer officers
doctor doctors physician physicians
baby babies infant newborn
pregnant pregnancy
marry marries married marriage wedding wed weds
wife wives spouse
fake fakes faked hoax hoaxed hoaxes
deny denies denied denial denials
confirm confirms confirmed confirmation
usa american americans
uk britain british brit brits briton britons
scotland scottish
ireland irish
germany german germans
france french
italy italian italians
spain spanish
russia russian russians
china chinese
japan japanese
korea korean koreans
india indian indians
iran iranian
iraq iraqi iraqis
syria syrian syrians
somalia somali
saudi saudis
israel israeli
egypt egyptian
mexico mexican
brazil brazilian
canada canadian
australia australian australians
sweden swedish
norway norwegian
denmark danish
netherlands dutch
belgium belgian
switzerland swiss
austria austrian
poland polish
ukraine ukrainian
greece greek
portugal portuguese
argentina argentine argentinian
pakistan pakistani
afghanistan afghan
nigeria nigerian
thailand thai
vietnam vietnamese
indonesia indonesian
hungary hungarian
europe european europeans
africa african
asia asian
million mn mln
billion bn bln
dollars dollar usd dlr dlrs
euros euro eur
percent pct
1 one
2 two
3 three
4 four
5 five
6 six
7 seven
8 eight
9 nine
10 ten
12 dozen
100 hundred
"""
STANDS_FOR: dict[str, str] = {}
for _group in _GROUPS.split("\n"):
    for _word in _group.split():
        STANDS_FOR.setdefault(_word, _group.split()[0])
# Names of two words, and of letters with points, that are one word elsewhere.
SPELT_OUT = (
    ("united states", "usa"), ("united kingdom", "uk"), ("islamic state", "isis"), ("joint venture", "jv"),
    ("u.s.", "usa "), ("u.k.", "uk "), ("per cent", "percent"),
)  # fmt: skip
