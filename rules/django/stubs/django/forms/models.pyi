"""django.forms.models: choices that are rows, and forms for many rows, in 4.2 to 6.1."""

import djperf
from django.forms.fields import ChoiceField
from django.forms.forms import BaseForm
from django.forms.widgets import Select, SelectMultiple


class ModelChoiceField(ChoiceField):
    widget = Select

    def __init__(self, queryset=None, *, widget=None, **kwargs):
        self.queryset = queryset
        self.printed = djperf.is_list(widget)

    def label_from_instance(self, obj):
        return str(obj)

    def _print(self):
        if djperf.prints_choices(self):
            for choice in djperf.rows(self.queryset):
                self.label_from_instance(choice)


class ModelMultipleChoiceField(ModelChoiceField):
    widget = SelectMultiple


class BaseModelForm(BaseForm):
    def __djperf__(self):
        self._print_fields()
        if djperf.of_formset(self):
            return
        djperf.place(self.Meta, "fields", "exclude")
        for name, choices in djperf.choices(self, self.Meta.model):
            for choice in choices:
                str(choice)

    def _choices(self, parent):
        djperf.place(self.Meta, "fields", "exclude")
        return djperf.choices(self, self.Meta.model, parent)


class ModelForm(BaseModelForm): ...


class _RowForm:
    def __init__(self, instance):
        self.instance = instance


class BaseModelFormSet:
    model = None
    form = None

    def __init__(self, data=None, files=None, auto_id=None, prefix=None, queryset=None, **kwargs):
        self.queryset = queryset

    def get_queryset(self):
        if self.queryset is not None:
            return self.queryset
        return self.model._default_manager.all()

    def __iter__(self):
        for row in self.get_queryset():
            yield _RowForm(row)

    @property
    def forms(self):
        return [_RowForm(row) for row in self.get_queryset()]


class BaseInlineFormSet(BaseModelFormSet):
    def __init__(self, data=None, files=None, instance=None, save_as_new=False, prefix=None, queryset=None, **kwargs):
        self.queryset = queryset
        self.instance = instance


def _row_choices(model, form, fields, parent):
    for row in model._default_manager.all():
        if form is not None:
            for name, choices in form()._choices(parent):
                for choice in djperf.per_row(row, choices):
                    str(choice)
            for name, field in djperf.declared(form, ModelChoiceField):
                if djperf.prints_choices(field) and not djperf.touched(form, name):
                    for choice in djperf.per_row(row, djperf.rows(field.queryset)):
                        field.label_from_instance(choice)
        for name, choices in djperf.chosen(model, fields, parent, form):
            for choice in djperf.per_row(row, choices):
                str(choice)


def modelform_factory(model, form=None, fields=None, exclude=None, **kwargs):
    return form


def modelformset_factory(model, form=None, formfield_callback=None, formset=None, fields=None, exclude=None, widgets=None, **kwargs):
    if widgets is None:
        _row_choices(model, form, fields, None)

    def build(data=None, files=None, queryset=None, **options):
        made = BaseModelFormSet(queryset=queryset)
        made.model = model
        return made

    return build


def inlineformset_factory(parent_model, model, form=None, formset=None, fk_name=None, fields=None, exclude=None, widgets=None, **kwargs):
    if widgets is None:
        _row_choices(model, form, fields, parent_model)

    def build(data=None, files=None, instance=None, queryset=None, **options):
        made = BaseInlineFormSet(instance=instance, queryset=queryset)
        made.model = model
        return made

    return build
