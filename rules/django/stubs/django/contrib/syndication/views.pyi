"""django.contrib.syndication.views: what a feed reads of its items, in 4.2 to 6.1."""

import djperf


class Feed:
    title_template = None
    description_template = None

    def __djperf__(self):
        obj = self.get_object(djperf.request)
        for item in djperf.rows(self.items(obj)):
            if self.title_template is not None:
                djperf.render(self.title_template, {"obj": item})
            else:
                self.item_title(item)
            if self.description_template is not None:
                djperf.render(self.description_template, {"obj": item})
            else:
                self.item_description(item)
            self.item_link(item)
            self.item_guid(item)
            self.item_author_name(item)
            self.item_author_email(item)
            self.item_author_link(item)
            self.item_pubdate(item)
            self.item_updateddate(item)
            self.item_categories(item)
            self.item_copyright(item)
            self.item_comments(item)
            self.item_enclosures(item)
            self.item_enclosure_url(item)
            self.item_enclosure_length(item)
            self.item_enclosure_mime_type(item)
            self.item_extra_kwargs(item)

    def get_object(self, request, *args, **kwargs):
        return None

    def item_title(self, item):
        return str(item)

    def item_description(self, item):
        return str(item)

    def item_link(self, item):
        return item.get_absolute_url()
