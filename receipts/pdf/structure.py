"""The structure tree of a document as objects, and which element owns which mark of a page."""

from collections.abc import Sequence

from receipts.pdf.objects import ObjectFile, references, text_string
from receipts.pdf.page import Drawing, Element


def put_element(
    objects: ObjectFile,
    element: Element,
    role: str,
    parent: int,
    pages: Sequence[int],
    also: Sequence[bytes] = (),
) -> dict[int, int]:
    """Write an element and all below it. Gives the number of each by its ``id()``.

    ``pages`` are the object numbers of the drawing's pages; ``also`` are kids that the drawing does
    not know of, as they stand in the file. The element itself has the first of the numbers.
    """
    tree = _Tree(objects.next_number, pages)
    tree.make(element, role, parent, also)
    objects.put_all(tree.made)
    return tree.number_of


def owner_lists(objects: ObjectFile, drawing: Drawing, number_of: dict[int, int]) -> list[int]:
    """For each page an object that lists the owners of its marks, as the parent tree has it."""
    return [
        objects.add(references([number_of[id(owner)] for owner in page.owners]))
        for page in drawing.pages
    ]


class _Tree:
    """Elements made into objects, numbered as they are met."""

    def __init__(self, first: int, pages: Sequence[int]) -> None:
        self.made: list[tuple[int, bytes]] = []
        self.number_of: dict[int, int] = {}
        self._next = first
        self._pages = pages

    def make(self, element: Element, role: str, parent: int, also: Sequence[bytes] = ()) -> int:
        number = self.number_of[id(element)] = self._next
        self._next += 1
        pages, on_page = self._pages, 0
        kids = []
        for kid in element.kids:
            if isinstance(kid, Element):
                kids.append(b"%d 0 R" % self.make(kid, kid.role, number))
            elif not on_page or pages[kid.page_index] == on_page:
                on_page = pages[kid.page_index]
                kids.append(b"%d" % kid.number)
            else:  # a cell that goes on on another page
                page = pages[kid.page_index]
                kids.append(b"<</Type/MCR/Pg %d 0 R/MCID %d>>" % (page, kid.number))
        kids += also
        listed = b" " + kids[0] if len(kids) == 1 else b"[%b]" % b" ".join(kids)
        more = b"/Pg %d 0 R" % on_page if on_page else b""
        if element.alt:
            more += b"/Alt" + text_string(element.alt)
        if element.attributes:
            more += b"/A<<%b>>" % element.attributes.encode()
        name = role.encode()
        content = b"<</S/%b/P %d 0 R/K%b%b>>" % (name, parent, listed, more)
        self.made.append((number, content))
        return number
