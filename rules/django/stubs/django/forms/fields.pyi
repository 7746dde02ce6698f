"""django.forms.fields: what a form prints of a field, in 4.2 to 6.1."""


class Field:
    widget = None

    def _print(self):
        return None


class ChoiceField(Field): ...
