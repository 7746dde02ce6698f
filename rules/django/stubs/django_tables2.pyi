"""django_tables2: the tables, columns and views it exports."""

from django_tables2.columns import (
    BooleanColumn,
    CheckBoxColumn,
    Column,
    DateColumn,
    DateTimeColumn,
    EmailColumn,
    FileColumn,
    JSONColumn,
    LinkColumn,
    ManyToManyColumn,
    RelatedLinkColumn,
    TemplateColumn,
    TimeColumn,
    URLColumn,
)
from django_tables2.tables import Table
from django_tables2.views import SingleTableMixin, SingleTableView
