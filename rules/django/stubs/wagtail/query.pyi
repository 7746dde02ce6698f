from django.db import models

class PageQuerySet(models.QuerySet):
    def live(self):
        return self.filter(live=True)

    def not_live(self):
        return self.exclude(live=True)

    def in_menu(self):
        return self.filter(show_in_menus=True)

    def public(self):
        return self.filter()

    def type(self, *types):
        return self.filter()

    def exact_type(self, *types):
        return self.filter()

    def child_of(self, other):
        return self.filter()

    def descendant_of(self, other, inclusive=False):
        return self.filter()

    def ancestor_of(self, other, inclusive=False):
        return self.filter()

    def sibling_of(self, other, inclusive=True):
        return self.filter()

    def specific(self, defer=False):
        return self.all()

    def defer_streamfields(self):
        return self.all()

    def first_common_ancestor(self, include_self=False, strict=False): ...
