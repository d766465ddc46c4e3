"""Families of film reviews in which the order of the words decides; label 1 is praise.

Every family yields a small group of reviews that belong together, mostly the two sides of a minimal pair. A group carries
a key, the set of phrases that it combines; all groups of one key go to the same split, so the test file asks about combinations
that training never showed.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from . import review_phrases as bank
from .chance import pick
from .korean import VERBS, inflect, josa

Row = tuple[str, int]
Group = tuple[str, list[Row]]
Family = Callable[[Random, int], Group]

# Endings of a sentence per register; the order within a register is by frequency.
REGISTERS = {
    "plain": ("다", "았다", "다", "더라", "네", "았다"),
    "polite": ("아요", "았어요", "네요", "습니다", "았습니다"),
    "casual": ("아", "네", "더라", "았어", "아"),
    "clipped": ("음", "음", "았음"),
}
NO_DEGREE = frozenset(
    "있다 없다 최고이다 최악이다 별로이다 엉망이다 압권이다 완벽하다 넘치다 와닿다 비호감이다 덜하다 볼만하다".split()
)


def draw_register(rng: Random) -> tuple[str, str]:
    """A register and an ending of it."""
    register = pick(rng, ("plain", "plain", "plain", "polite", "polite", "casual", "clipped"))
    return register, pick(rng, REGISTERS[register])


def adverb_for(rng: Random, predicate: str, chance: float = 0.3) -> str:
    """Nothing, or an adverb that goes with the predicate, and a space."""
    if rng.random() > chance:
        return ""
    words = bank.ADVERBS if predicate in NO_DEGREE else bank.ADVERBS + bank.DEGREE_ADVERBS
    return pick(rng, words) + " "


def gradable(predicate: str) -> bool:
    """Whether `-지 않다` and `-는 편` sound right after it."""
    if predicate in NO_DEGREE or predicate in VERBS or predicate in ("약하다", "크다", "재미없다", "쏠쏠하다"):
        return False
    return not predicate.endswith("이다") or predicate.endswith("적이다")


def judgement(rng: Random, label: int, taken: str = "") -> tuple[str, str]:
    """An aspect and a predicate of the wanted polarity; another kind of aspect than `taken`."""
    while True:
        aspect = pick(rng, list(bank.ASPECTS))
        if not taken or bank.ASPECTS[aspect] != bank.ASPECTS[taken]:
            return aspect, pick(rng, bank.ASPECTS[aspect][1 - label])


def clause(rng: Random, label: int, taken: str = "") -> tuple[str, str, str, str]:
    """Topic with particle and adverbs, predicate, key, aspect; now and then a negated predicate of the other polarity."""
    if rng.random() < 0.15:
        aspect, predicate = judgement(rng, 1 - label, taken)
        if gradable(predicate):
            return f"{josa(aspect, '은/는')} {inflect(predicate, '지')}", "않다", f"{aspect}+{predicate}-", aspect
    aspect, predicate = judgement(rng, label, taken)
    return (
        f"{josa(aspect, '은/는')} {adverb_for(rng, predicate, 0.2)}".rstrip(),
        predicate,
        f"{aspect}+{predicate}",
        aspect,
    )


def opening(rng: Random, register: str, chance: float = 0.35) -> str:
    """A neutral sentence, an interjection, or nothing."""
    if rng.random() > chance:
        return ""
    if rng.random() < 0.5:
        return pick(rng, bank.INTERJECTIONS) + " "
    return neutral_sentence(rng, register) + pick(rng, (". ", ". ", ".. ", "~ "))


def neutral_sentence(rng: Random, register: str) -> str:
    """A sentence that says nothing about quality."""
    return pick(rng, bank.OPENINGS)[{"plain": 0, "casual": 0, "polite": 1, "clipped": 2}[register]]


def closing(rng: Random) -> str:
    """Nothing, or now and then a neutral last sentence."""
    return " " + pick(rng, bank.CLOSINGS) if rng.random() < 0.06 else ""


def tail(rng: Random, label: int | None = None) -> str:
    """How a review ends: a full stop, laughter, stars; of a mixed one, without `label`, they take no side."""
    return pick(rng, bank.NEUTRAL_TAILS if label is None else bank.GLAD_TAILS if label else bank.SAD_TAILS)


def plain(rng: Random, label: int) -> Group:
    """One aspect, one judgement."""
    register, ending = draw_register(rng)
    aspect, predicate = judgement(rng, label)
    if label and register == "casual" and rng.random() < 0.3:
        ending = "지"
    film = pick(rng, bank.FILMS) + " " if rng.random() < 0.25 else ""
    text = f"{film}{josa(aspect, pick(rng, ('이/가', '이/가', '은/는')))} {adverb_for(rng, predicate, 0.5)}{inflect(predicate, ending)}"
    return f"{aspect}+{predicate}", [(opening(rng, register) + text + tail(rng, label) + closing(rng), label)]


def whole_film(rng: Random, label: int) -> Group:
    """The film as such, or two judgements of it in a row."""
    register, ending = draw_register(rng)
    words = bank.FILM_PRAISE if label else bank.FILM_BLAME
    first, second = pick(rng, words), pick(rng, words)
    film = (
        josa(pick(rng, bank.FILMS + bank.TOPICS), pick(rng, ("은/는", "이/가", "은/는"))) + " "
        if rng.random() < 0.7
        else ""
    )
    if first == second:
        text = f"{film}{adverb_for(rng, first, 0.6)}{inflect(first, ending)}"
    else:
        text = f"{film}{inflect(first, '고')} {adverb_for(rng, second)}{inflect(second, ending)}"
    return f"{film}{first}+{second}", [(opening(rng, register) + text + tail(rng, label) + closing(rng), label)]


def verdict(rng: Random, label: int) -> Group:
    """A set phrase, sometimes after a neutral sentence or a judgement that agrees."""
    pair = pick(rng, bank.VERDICTS)
    phrase = pair[1 - label]
    register, ending = draw_register(rng)
    front, key = opening(rng, register, 0.6), ""
    if rng.random() < 0.5:
        aspect, predicate = judgement(rng, label)
        front = f"{josa(aspect, '이/가')} {adverb_for(rng, predicate)}{inflect(predicate, ending)}. "
        key = f"{aspect}+{predicate}"
    return f"{phrase}|{key}|{front}", [(front + phrase + ("" if phrase.endswith("ㅠ") else tail(rng, label)), label)]


def agreeing(rng: Random, label: int) -> Group:
    """Two aspects judged alike."""
    register, ending = draw_register(rng)
    first, first_predicate = judgement(rng, label)
    second, second_predicate = judgement(rng, label, first)
    particle = pick(rng, ("도", "도", "은/는"))
    one, two = (name + "도" if particle == "도" else josa(name, particle) for name in (first, second))
    text = f"{one} {inflect(first_predicate, '고')} {two} {adverb_for(rng, second_predicate)}{inflect(second_predicate, ending)}"
    key = "&".join(sorted((f"{first}+{first_predicate}", f"{second}+{second_predicate}")))
    return key, [(opening(rng, register) + text + tail(rng, label) + closing(rng), label)]


def negated(rng: Random, label: int) -> Group:
    """A judgement under negation, beside the same judgement without it."""
    register, ending = draw_register(rng)
    while True:
        aspect, predicate = judgement(rng, 1 - label)
        if rng.random() < 0.4:
            aspect, predicate = pick(rng, bank.FILMS), pick(rng, bank.FILM_BLAME if label else bank.FILM_PRAISE)
        if gradable(predicate):
            break
    front, end = opening(rng, register), tail(rng)
    stem, before = inflect(predicate, "지"), inflect(predicate, "는")
    not_at_all = pick(rng, ("", "", "전혀 ", "하나도 ", "그다지 ", "별로 ", "그렇게 ", "절대 "))
    never = inflect("아니다", ending)
    forms = [
        f"{not_at_all}{stem} {inflect('않다', ending)}",
        f"{not_at_all}{stem} {inflect('않다', ending)}",
        f"{not_at_all}{stem}{pick(rng, ('는', '가', '도'))} {inflect('않다', ending)}",
        f"{before} 편은 {never}",
        f"{before} 구석이 {inflect('없다', ending)}",
        f"{before} 줄 모르{'겠음' if register == 'clipped' else '겠네요' if register == 'polite' else '겠다'}",
    ]
    form = pick(rng, forms)
    topic = josa(aspect, pick(rng, ("이/가", "은/는")) if f"{stem} " in form else "이/가")
    rows = [(f"{front}{topic} {form}{end}", label)]
    if rng.random() < 0.5:
        rows.append((f"{front}{topic} {adverb_for(rng, predicate)}{inflect(predicate, ending)}{end}", 1 - label))
    return f"{aspect}+{predicate}", rows


def short_negation(rng: Random, label: int) -> Group:
    """`안` negates the next word only: the same words, two orders, two labels."""
    register, ending = draw_register(rng)
    good, bad = pick(rng, bank.SHORT_PRAISE), pick(rng, bank.SHORT_BLAME)
    topic = pick(rng, bank.FILMS)
    topic = pick(rng, ("", josa(topic, "은/는") + " ", josa(topic, "이/가") + " "))
    front, end = opening(rng, register, 0.25), tail(rng)
    if rng.random() < 0.2:
        first, second, praise = good, bad, 0
    else:
        first, second, praise = bad, good, 1
    joined, last = inflect(first, "고"), inflect(second, ending)
    much = pick(rng, ("", "", "하나도 ", "전혀 ", "별로 "))
    rows = [
        (f"{front}{topic}{much}안 {joined} {last}{end}", praise),
        (f"{front}{topic}{joined} {much}안 {last}{end}", 1 - praise),
    ]
    return f"{good}&{bad}", rows


def concession(rng: Random, label: int) -> Group:
    """`A but B` in one sentence, and `B but A`: the main clause wins."""
    register, ending = draw_register(rng)
    first, first_predicate, first_key, aspect = clause(rng, 1 - label)
    second, second_predicate, second_key, _ = clause(rng, label, aspect)
    link = pick(rng, ("지만", "는데", "지만", "았지만", "았는데", "긴"))
    rest = {"긴": " 하지만" if rng.random() < 0.5 else " 한데"}.get(link, "")
    if "않다" in (first_predicate, second_predicate) and link == "긴":
        link, rest = "지만", ""
    front, end = opening(rng, register, 0.25), tail(rng)

    def sentence(a: str, a_predicate: str, b: str, b_predicate: str) -> str:
        return f"{front}{a} {inflect(a_predicate, link)}{rest} {b} {inflect(b_predicate, ending)}{end}"

    rows = [
        (sentence(first, first_predicate, second, second_predicate), label),
        (sentence(second, second_predicate, first, first_predicate), 1 - label),
    ]
    return "&".join(sorted((first_key, second_key))), rows


def two_sentences(rng: Random, label: int) -> Group:
    """`A. However, B.` and `B. However, A.`: exactly the same words."""
    register, ending = draw_register(rng)
    first, first_predicate, first_key, aspect = clause(rng, 1 - label)
    second, second_predicate, second_key, _ = clause(rng, label, aspect)
    turn, stop = pick(rng, bank.TURNS), pick(rng, (". ", ". ", ".. ", " ", "~ "))
    front, end = opening(rng, register, 0.2), tail(rng)
    a, b = f"{first} {inflect(first_predicate, ending)}", f"{second} {inflect(second_predicate, ending)}"
    if register == "clipped" and rng.random() < 0.3:
        a, b = a.replace("은 ", " ", 1).replace("는 ", " ", 1), b.replace("은 ", " ", 1).replace("는 ", " ", 1)
    rows = [(f"{front}{a}{stop}{turn} {b}{end}", label), (f"{front}{b}{stop}{turn} {a}{end}", 1 - label)]
    return "&".join(sorted((first_key, second_key))), rows


def three_clauses(rng: Random, label: int) -> Group:
    """Two clauses against one: the majority of the words does not decide."""
    register, ending = draw_register(rng)
    one, one_predicate = judgement(rng, 1 - label)
    two, two_predicate = judgement(rng, 1 - label, one)
    three, three_predicate = judgement(rng, label, one)
    while three == two:
        three, three_predicate = judgement(rng, label, one)
    turn, stop = pick(rng, bank.TURNS), pick(rng, (". ", ".. ", " "))
    front, end = opening(rng, register, 0.1), tail(rng)
    many = f"{one}도 {inflect(one_predicate, '고')} {two}도 {inflect(two_predicate, ending)}"
    single = f"{josa(three, '은/는')} {inflect(three_predicate, ending)}"
    rows = [
        (f"{front}{many}{stop}{turn} {single}{end}", label),
        (f"{front}{single}{stop}{turn} {many}{end}", 1 - label),
    ]
    return "&".join(sorted((f"{one}+{one_predicate}", f"{two}+{two_predicate}", f"{three}+{three_predicate}"))), rows


def long_review(rng: Random, label: int) -> Group:
    """Several sentences: what is granted first, what weighs more, and often a verdict."""
    register, ending = draw_register(rng)
    front = neutral_sentence(rng, register)
    one, one_predicate = judgement(rng, 1 - label)
    two, two_predicate = judgement(rng, 1 - label, one)
    three, three_predicate = judgement(rng, label, one)
    four, four_predicate = judgement(rng, label, three)
    while len({one, two, three, four}) < 4:
        three, three_predicate = judgement(rng, label, one)
        four, four_predicate = judgement(rng, label, three)
    granted = f"{one}도 {inflect(one_predicate, '고')} {josa(two, '은/는')} {adverb_for(rng, two_predicate)}{inflect(two_predicate, ending)}"
    weighs = f"{pick(rng, bank.TURNS)} {josa(three, '이/가')} {inflect(three_predicate, ending)}"
    more = f"{pick(rng, ('게다가', '무엇보다', '그리고', '거기다'))} {four}도 {inflect(four_predicate, ending)}"
    parts = [front, granted, weighs, more]
    if rng.random() < 0.5:
        parts.append(pick(rng, bank.VERDICTS)[1 - label])
    key = "&".join(
        (f"{one}+{one_predicate}", f"{two}+{two_predicate}", f"{three}+{three_predicate}", f"{four}+{four_predicate}")
    )
    return key, [(". ".join(parts) + ("" if parts[-1].endswith("ㅠ") else tail(rng)), label)]


def early_and_late(rng: Random, label: int) -> Group:
    """The first half against the second; what comes late stays."""
    register, ending = draw_register(rng)
    good, bad = pick(rng, bank.PART_PRAISE), pick(rng, bank.PART_BLAME)
    early, late = pick(rng, bank.PARTS)
    front, end = opening(rng, register, 0.2), tail(rng)
    particle = pick(rng, ("은/는", "은/는", "이/가"))
    one, two = josa(early, particle), josa(late, particle)
    style = pick(rng, (0, 1, 2))
    link = pick(rng, ("는데", "지만", "았는데", "고"))
    turn, stop = pick(rng, bank.TURNS), pick(rng, (". ", ", ", " ", ".. "))

    def sentence(a: str, b: str) -> str:
        if style == 0:
            return f"{front}{one} {inflect(a, link)} {two} {inflect(b, ending)}{end}"
        if style == 1:
            return f"{front}{one} {inflect(a, ending)}. {turn} {two} {inflect(b, ending)}{end}"
        return f"{front}{one} {inflect(a, '음')}{stop}{two} {inflect(b, '음')}{end}"

    rows = [(sentence(bad, good), 1), (sentence(good, bad), 0)]
    return f"{early}&{good}&{bad}", rows


def expectation(rng: Random, label: int) -> Group:
    """Hopes high or low; only the outcome counts."""
    register, ending = draw_register(rng)
    predicate = pick(rng, bank.FILM_PRAISE if label else bank.FILM_BLAME)
    against = rng.random() < 0.65
    low = bool(label) == against
    hope = pick(rng, bank.LOW_HOPES if low else bank.HIGH_HOPES)
    if against and rng.random() < 0.3:
        opposite = pick(rng, bank.FILM_BLAME if label else bank.FILM_PRAISE)
        hope = f"{inflect(opposite, '을')} 줄 알았는데"
    bridge = pick(rng, bank.AGAINST_HOPE if against else bank.AS_HOPED)
    text = f"{hope} {bridge} {inflect(predicate, ending)}".replace("  ", " ")
    film = josa(pick(rng, bank.FILMS), "은/는") + " " if rng.random() < 0.25 else ""
    return f"{hope}+{predicate}", [(film + text + tail(rng) + closing(rng), label)]


def comparison(rng: Random, label: int) -> Group:
    """This work against another one: who is better than whom."""
    register, ending = draw_register(rng)
    others, these = pick(rng, bank.COMPARED)
    other, this = pick(rng, others), pick(rng, these)
    predicate = pick(rng, bank.BETTER if rng.random() < 0.6 else bank.WORSE)
    better = predicate in bank.BETTER
    front, end = opening(rng, register, 0.3), tail(rng)
    more = pick(rng, ("", "훨씬 ", "더 ", "백배 "))
    if more == "백배 " and not better or predicate == "못하다":
        more = "훨씬 "
    if rng.random() < 0.25:
        sign = pick(rng, (">", ">>", ">>>", ">>>>"))
        return f"{other}&{this}{sign}", [
            (f"{front}{this} {sign} {other}{end}", 1),
            (f"{front}{other} {sign} {this}{end}", 0),
        ]
    last = more + inflect(predicate, ending)
    if rng.random() < 0.5:
        rows = [(f"{front}{josa(this, '이/가')} {other}보다 {last}{end}", int(better))]
        rows.append((f"{front}{josa(other, '이/가')} {this}보다 {last}{end}", int(not better)))
    else:
        rows = [(f"{front}{other}보다 {josa(this, '이/가')} {last}{end}", int(better))]
        rows.append((f"{front}{this}보다 {josa(other, '이/가')} {last}{end}", int(not better)))
    return f"{other}&{this}&{predicate}", rows


def opinions(rng: Random, label: int) -> Group:
    """Somebody else's opinion and the writer's: the writer's counts, wherever it stands."""
    register, _ = draw_register(rng)
    good, bad = pick(rng, bank.VOTES)
    other, self_ = pick(rng, bank.COMPANIONS), pick(rng, bank.SELVES)
    front, end = opening(rng, register, 0.3), tail(rng)
    stop, particle = pick(rng, (" ", ", ", ". ")), pick(rng, ("은/는", "은/는", ""))
    one, two = (josa(word, particle) if particle else word for word in (other, self_))
    if rng.random() < 0.35:
        one, two = two, one
        rows = [(f"{front}{one} {good}{stop}{two} {bad}{end}", 1), (f"{front}{one} {bad}{stop}{two} {good}{end}", 0)]
    else:
        rows = [(f"{front}{one} {bad}{stop}{two} {good}{end}", 1), (f"{front}{one} {good}{stop}{two} {bad}{end}", 0)]
    return f"{other}&{good}", rows


def not_but(rng: Random, label: int) -> Group:
    """`Not A but B`."""
    register, ending = draw_register(rng)
    good, bad = pick(rng, bank.GOOD_WORKS), pick(rng, bank.BAD_WORKS)
    film = josa(pick(rng, bank.FILMS), "은/는") + " " if rng.random() < 0.7 else ""
    front, end = opening(rng, register, 0.3), tail(rng)
    style = pick(rng, (0, 1, 2))

    def sentence(a: str, b: str) -> str:
        if style == 0:
            return f"{front}{film}{a} 아니고 {b}{end}"
        if style == 1:
            return f"{front}{film}{josa(a, '이/가')} 아니라 {inflect(b + '이다', ending)}{end}"
        return f"{front}{film}{a}인 줄 알았는데 {b}{end}"

    return f"{good}&{bad}", [(sentence(bad, good), 1), (sentence(good, bad), 0)]


# Family -> share of the reviews.
FAMILIES: dict[Family, float] = {
    plain: 0.12,
    whole_film: 0.08,
    verdict: 0.07,
    agreeing: 0.05,
    negated: 0.10,
    short_negation: 0.07,
    concession: 0.13,
    two_sentences: 0.13,
    three_clauses: 0.03,
    long_review: 0.04,
    early_and_late: 0.05,
    expectation: 0.05,
    comparison: 0.03,
    opinions: 0.03,
    not_but: 0.02,
}
