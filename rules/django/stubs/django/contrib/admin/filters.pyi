"""django.contrib.admin.filters: what filters beside a change list read, in 4.2 to 6.1."""

import djperf


class RelatedFieldListFilter:
    def __init__(self, model, path):
        for choice in djperf.related_rows(model, path):
            str(choice)


class RelatedOnlyFieldListFilter(RelatedFieldListFilter): ...
