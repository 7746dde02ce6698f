"""rest_framework.viewsets, in 3.14 to 3.16."""

import djperf
from rest_framework import generics, mixins, views


class ViewSetMixin:
    def __djperf__(self):
        self.action = "list"
        self.list(djperf.request)
        self.action = "retrieve"
        self.retrieve(djperf.request, pk=djperf.plain)
        self.action = "create"
        self.create(djperf.request)
        self.action = "update"
        self.update(djperf.request, pk=djperf.plain)
        self.action = "partial_update"
        self.partial_update(djperf.request, pk=djperf.plain)
        self.action = "destroy"
        self.destroy(djperf.request, pk=djperf.plain)
        djperf.actions(self)


class ViewSet(ViewSetMixin, views.APIView): ...
class GenericViewSet(ViewSetMixin, generics.GenericAPIView): ...
class ReadOnlyModelViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, GenericViewSet): ...


class ModelViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    GenericViewSet,
): ...
