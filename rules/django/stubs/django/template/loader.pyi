"""django.template.loader, in 4.2 to 6.1."""

import djperf


class Template:
    def __init__(self, name):
        self.name = name

    def render(self, context=None, request=None):
        return djperf.render(self.name, context, request)


def get_template(template_name, using=None):
    return Template(template_name)


def select_template(template_name_list, using=None):
    return Template(template_name_list)
