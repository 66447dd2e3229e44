"""What a merchant pays the card network for one payment (since Tir 1402)."""


def fee_rial(amount_rial: int) -> int:
    """1,200 rial up to 6,000,000; above that 0.02 %, 40,000 rial at most."""
    if amount_rial <= 6_000_000:
        return 1_200
    return min(amount_rial * 2 // 10_000, 40_000)
