"""django.forms.fields: what a form prints of a field, in 4.2 to 6.1."""


class Field:
    widget = None

    def __init__(self, *, widget=None, **kwargs):
        if widget is not None:
            self.widget = widget

    def _print(self):
        return None


class ChoiceField(Field): ...
