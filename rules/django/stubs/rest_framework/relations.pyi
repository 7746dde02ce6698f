"""rest_framework.relations: what related fields read of the related row, in 3.14 to 3.16."""

import djperf
from rest_framework.fields import Field


class RelatedField(Field): ...


class StringRelatedField(RelatedField):
    def to_representation(self, value):
        return str(value)


class PrimaryKeyRelatedField(RelatedField):
    def to_representation(self, value):
        return value.pk


class HyperlinkedRelatedField(RelatedField):
    def __init__(self, view_name=None, lookup_field="pk", **kwargs):
        self.lookup_field = lookup_field
        super().__init__(**kwargs)

    def to_representation(self, value):
        return getattr(value, self.lookup_field)


class HyperlinkedIdentityField(HyperlinkedRelatedField):
    def __init__(self, view_name=None, lookup_field="pk", **kwargs):
        self.lookup_field = lookup_field
        self.source = "*"


class SlugRelatedField(RelatedField):
    def __init__(self, slug_field=None, **kwargs):
        self.slug_field = slug_field
        super().__init__(**kwargs)

    def to_representation(self, obj):
        return getattr(obj, self.slug_field)


class ManyRelatedField(Field):
    def __init__(self, child_relation=None, **kwargs):
        super().__init__(child=child_relation, many=True, **kwargs)
