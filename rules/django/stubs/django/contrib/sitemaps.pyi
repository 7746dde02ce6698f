"""django.contrib.sitemaps: what a map of addresses reads of its items, in 4.2 to 6.1."""

import djperf


class Sitemap:
    def __djperf__(self):
        for item in djperf.rows(self.items()):
            self.location(item)
            self.lastmod(item)
            self.changefreq(item)
            self.priority(item)
            self.get_languages_for_item(item)

    def location(self, item):
        return item.get_absolute_url()


class GenericSitemap(Sitemap):
    def __djperf__(self):
        return None

    def __init__(self, info_dict, priority=None, changefreq=None, protocol=None):
        for item in djperf.rows(info_dict["queryset"]):
            item.get_absolute_url()
