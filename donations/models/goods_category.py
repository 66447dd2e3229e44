"""Categories of goods: what the acceptance rules speak about, and what a need asks for."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base

OTHER = "other"  # the category of goods that nobody has put into one


class GoodsCategory(Base):
    """One kind of goods that is looked at in one way. Data: more are added as they are met."""

    __tablename__ = "goods_category"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_fa: Mapped[str]
    name_en: Mapped[str]
