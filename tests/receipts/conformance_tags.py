"""The half of the conformance checker that looks at tags: what is read aloud, in which order."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pikepdf

_PAINTS = {"f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "Tj", "TJ", "'", '"', "sh", "Do", "EI"}
_ROLES = {
    "Document", "Part", "Sect", "Div", "P", "H1", "H2", "H3", "L", "LI", "Lbl", "LBody", "Table",
    "THead", "TBody", "TFoot", "TR", "TH", "TD", "Span", "Figure", "Form", "Caption",
}  # fmt: skip
_PARENTS = {
    "LI": {"L"}, "Lbl": {"LI"}, "LBody": {"LI"}, "TR": {"Table", "THead", "TBody", "TFoot"},
    "TH": {"TR"}, "TD": {"TR"}, "THead": {"Table"}, "TBody": {"Table"}, "TFoot": {"Table"},
}  # fmt: skip
_KIDS = {"L": {"LI", "Caption"}, "LI": {"Lbl", "LBody"}, "TR": {"TH", "TD"}}
_PRINT, _HIDING = 4, 1 | 2 | 32 | 256  # flags of annotations


class _Node(NamedTuple):
    """An element, its role, and the role of what it stands in."""

    element: pikepdf.Object
    role: str
    parent_role: str


def structure_faults(file: pikepdf.Pdf) -> Iterator[str]:
    root = file.Root.get("/StructTreeRoot")
    if root is None:
        yield "there is no structure (UA 7.1)"
        return
    nodes = list(_nodes(root))
    owned: dict[tuple[int, int], tuple[int, int]] = {}
    for node in nodes:
        yield from _element_faults(node)
        for mark in _marks(node.element):
            if mark in owned:
                yield f"mark {mark} belongs to two elements (UA 7.1)"
            owned[mark] = node.element.objgen
    yield from _heading_faults([node.role for node in nodes])
    parents = dict(_parent_tree(root))
    for page in file.pages:
        yield from _page_faults(page, owned, parents)
    on_pages = {page.objgen for page in file.pages}
    if lost := {mark for mark in owned if mark[0] not in {number for number, _ in on_pages}}:
        yield f"elements own marks of no page: {sorted(lost)[:3]} (UA 7.1)"


def _nodes(parent: pikepdf.Object, parent_role: str = "") -> Iterator[_Node]:
    for kid in _kids(parent):
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid and "/P" in kid:
            role = str(kid["/S"])[1:]
            yield _Node(kid, role, parent_role)
            yield from _nodes(kid, role)


def _kids(element: pikepdf.Object) -> list[pikepdf.Object | int]:
    kids = element.get("/K", pikepdf.Array())
    return list(kids) if isinstance(kids, pikepdf.Array) else [kids]


def _marks(element: pikepdf.Object) -> Iterator[tuple[int, int]]:
    """The marks an element owns, as (object number of the page, mark number)."""
    for kid in _kids(element):
        if isinstance(kid, int):
            yield element["/Pg"].objgen[0], int(kid)
        elif isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/MCR":
            yield (kid.get("/Pg") or element["/Pg"]).objgen[0], int(kid["/MCID"])


def _element_faults(node: _Node) -> Iterator[str]:
    element, role = node.element, node.role
    if role not in _ROLES:
        yield f"{role} is no standard role and mapped to none (UA 7.1)"
    if role in _PARENTS and node.parent_role not in _PARENTS[role]:
        yield f"{role} stands in {node.parent_role} (UA 7.2)"
    if node.parent_role in _KIDS and role not in _KIDS[node.parent_role]:
        yield f"{node.parent_role} holds {role} (UA 7.2)"
    attributes = element.get("/A", {})
    if role == "Figure":
        if not str(element.get("/Alt", "")).strip():
            yield "a figure has no alternative text (UA 7.3)"
        if len(attributes.get("/BBox", [])) != 4:
            yield "a figure does not say where it is (UA 7.3)"
    if role == "TH" and attributes.get("/Scope") not in ("/Row", "/Column", "/Both"):
        yield "a heading of a table does not say what it is the heading of (UA 7.5)"
    if role == "Table" and not any(kid.get("/S") == "/TR" for kid in _kids(element)):
        yield "a table has no rows (UA 7.5)"


def _heading_faults(roles: list[str]) -> Iterator[str]:
    level = 0
    for role in roles:
        if role in ("Document", "Part"):
            level = 0
        elif re.fullmatch(r"H\d", role):
            if int(role[1]) > level + 1:
                yield f"{role} comes after level {level} (UA 7.4)"
            level = int(role[1])


def _parent_tree(root: pikepdf.Object) -> Iterator[tuple[int, pikepdf.Object]]:
    numbers = list(root.get("/ParentTree", {}).get("/Nums", []))
    yield from zip(map(int, numbers[::2]), numbers[1::2], strict=True)


def _page_faults(
    page: pikepdf.Page,
    owned: dict[tuple[int, int], tuple[int, int]],
    parents: dict[int, pikepdf.Object],
) -> Iterator[str]:
    if page.get("/Tabs") != "/S":
        yield "the tabulator does not follow the structure (UA 7.18.3)"
    listed = parents.get(int(page.get("/StructParents", -1)))
    if listed is None:
        yield "a page is not in the tree of parents (UA 7.1)"
        return
    number = page.objgen[0]
    yield from _content_faults(page)
    used = set(_used_marks(page))
    if missing := {mark for mark in used if (number, mark) not in owned}:
        yield f"marks {sorted(missing)[:5]} are in no element (UA 7.1)"
    if empty := {mark for page_number, mark in owned if page_number == number} - used:
        yield f"elements own marks {sorted(empty)[:5]} that the page does not have (UA 7.1)"
    for mark in sorted(used & set(range(len(listed)))):
        if owned.get((number, mark)) not in (None, listed[mark].objgen):
            yield f"mark {mark} has another parent in the tree of parents (UA 7.1)"
    if used - set(range(len(listed))):
        yield "marks are missing in the tree of parents (UA 7.1)"
    for annotation in page.get("/Annots", []):
        yield from _annotation_faults(annotation, parents)


def _content_faults(page: pikepdf.Page) -> Iterator[str]:
    """Everything painted is either tagged or an artifact, and neither stands in the other."""
    open_marks: list[str] = []
    saved = 0
    numbers: list[int] = []
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name in ("BMC", "BDC"):
            tag = str(operands[0])
            is_marked = name == "BDC" and "/MCID" in operands[1]
            kind = "artifact" if tag == "/Artifact" else "tagged" if is_marked else "span"
            if kind != "span" and {"artifact", "tagged"} & set(open_marks):
                yield "tagged content and artifacts stand in each other (UA 7.1)"
            numbers += [int(operands[1]["/MCID"])] if is_marked else []
            open_marks.append(kind)
        elif name == "EMC":
            if not open_marks:
                yield "a mark is closed that was not opened"
                return
            open_marks.pop()
        elif name in ("q", "Q"):
            saved += 1 if name == "q" else -1
        elif name in _PAINTS and not {"artifact", "tagged"} & set(open_marks):
            yield f"{name} paints something that is neither tagged nor an artifact (UA 7.1)"
    if open_marks or saved:
        yield "marks or states are left open"
    if len(set(numbers)) != len(numbers):
        yield "two marks of a page have one number (UA 7.1)"


def _used_marks(page: pikepdf.Page) -> Iterator[int]:
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "BDC" and "/MCID" in operands[1]:
            yield int(operands[1]["/MCID"])


def _annotation_faults(
    annotation: pikepdf.Object, parents: dict[int, pikepdf.Object]
) -> Iterator[str]:
    flags = int(annotation.get("/F", 0))
    if not flags & _PRINT or flags & _HIDING:
        yield "an annotation is not printed or hidden (A 6.3.2)"
    if annotation.get("/Subtype") != "/Widget":
        yield f"an annotation of kind {annotation.get('/Subtype')}, which our files do not need"
    if not str(annotation.get("/TU", "")).strip():
        yield "a field has no name for those who cannot see it (UA 7.18.1)"
    element = parents.get(int(annotation.get("/StructParent", -1)))
    if element is None or element.get("/S") != "/Form":
        yield "a field is in no Form element (UA 7.18.4)"
    box = [float(edge) for edge in annotation.get("/Rect", [])]
    if "/AP" not in annotation and (box[0] != box[2] or box[1] != box[3]):
        yield "a field that is seen has no appearance (A 6.3.3)"
