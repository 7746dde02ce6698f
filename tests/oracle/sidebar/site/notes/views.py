from django.shortcuts import get_object_or_404, render

from notes.models import Note


def detail(request, pk):
    return render(request, "notes/detail.html", {"note": get_object_or_404(Note, pk=pk)})


def index(request):
    notes = Note.objects.filter(published=True).order_by("title")
    return render(request, "notes/index.html", {"title": "Notes", "notes": notes})
