"""Intents of customers of an invented shop: short requests, each put together of a thing and a way to ask."""

from __future__ import annotations

from random import Random

Row = tuple[str, str]  # text, label

THINGS = (
    "주황색 머그컵",
    "겨울 장갑",
    "책상 조명",
    "어린이 우산",
    "여행 가방",
    "대나무 도마",
    "무선 청소기",
    "털실 세 뭉치",
    "접이식 의자",
    "유리 화병",
)
WAYS = {
    "주문": (
        "{} 하나 주문할게요",
        "{} 두 개 살게요",
        "{} 지금 결제하고 싶어요",
        "장바구니에 {} 담아 주세요",
        "{} 구매 부탁드려요",
    ),
    "취소": (
        "{} 주문 취소해 주세요",
        "{} 안 살래요, 취소할게요",
        "어제 산 {} 취소 돼요?",
        "{} 결제한 거 없던 일로 해 주세요",
    ),
    "배송": ("{} 언제 와요?", "{} 배송이 너무 늦어요", "{} 어디까지 왔는지 알려 주세요", "{} 내일까지 받을 수 있나요?"),
    "환불": (
        "{} 돈 돌려받고 싶어요",
        "{} 환불은 며칠 걸려요?",
        "{} 마음에 안 들어서 환불할래요",
        "{} 반품하고 환불받을게요",
    ),
    "교환": ("{} 다른 색으로 바꿔 주세요", "{} 깨져서 왔어요, 새것으로 교환해 주세요", "{} 더 큰 걸로 교환 되나요?"),
    "문의": ("{} 재고 있어요?", "{} 무게가 어떻게 돼요?", "{} 할인 언제까지 해요?", "{} 세탁기에 돌려도 돼요?"),
}


def write_intents(random: Random, test: int) -> tuple[list[Row], list[Row]]:
    """Training and test rows in random order; no text is in both.

    Args:
        test: how many test rows there are.
    """
    rows = [(way.format(thing), intent) for intent, ways in WAYS.items() for way in ways for thing in THINGS]
    random.shuffle(rows)
    return rows[test:], rows[:test]


def intents_csv(rows: list[Row]) -> str:
    """A header, then text and label; texts that hold commas stand in quotation marks."""
    lines = [f'"{text}",{intent}' if "," in text else f"{text},{intent}" for text, intent in rows]
    return "\n".join(["text,label", *lines]) + "\n"
