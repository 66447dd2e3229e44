"""Why something is not as it should be, in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence for people, Persian and English; it says what to do and shows no secret."""

    fa: str
    en: str

    def told(self, language: str) -> str:
        """The sentence in one of the two languages."""
        return self.en if language == "en" else self.fa

    def __str__(self) -> str:
        return self.en
