"""rest_framework.serializers: how output is made of instances, in 3.14 to 3.16."""

import djperf
from rest_framework.fields import *
from rest_framework.relations import *


class BaseSerializer(Field):
    def __init__(self, instance=None, data=None, *, many=False, source=None, write_only=False, **kwargs):
        self.instance = instance
        self.many = many
        self.source = source
        self.write_only = write_only

    @property
    def data(self):
        if self.many:
            return djperf.many(self, self.instance)
        return self.to_representation(self.instance)


class Serializer(BaseSerializer):
    def to_representation(self, instance):
        return djperf.fields(self, instance)


class ListSerializer(BaseSerializer):
    child = None

    def __init__(self, instance=None, data=None, *, child=None, source=None, write_only=False, **kwargs):
        self.instance = instance
        self.child = child
        self.source = source
        self.write_only = write_only

    def to_representation(self, data):
        return [self.child.to_representation(item) for item in djperf.rows(data)]

    @property
    def data(self):
        return self.to_representation(self.instance)


class ModelSerializer(Serializer): ...
class HyperlinkedModelSerializer(ModelSerializer): ...
