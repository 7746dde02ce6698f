from notes.models import Note, Tag


def sidebar(request):
    return {
        "popular_notes": Note.objects.filter(published=True).select_related("writer").order_by("-seen")[:5],
        "tag_cloud": Tag.objects.order_by("name"),
    }
