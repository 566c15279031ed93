"""What was told to whom and when, what waits and why, and the mails themselves."""

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.views.decorators.clickjacking import xframe_options_sameorigin

from alerts import composing, gathering, sending, story
from alerts.models import Alert, Delivery, DeliveryState, Subscriber, Subscription
from deals import clock, words


class RecordedOnly(admin.ModelAdmin):
    """Rows that the alerts write: looked at here, changed by actions alone."""

    actions_on_bottom = True
    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def change_view(self, request, object_id, form_url="", extra_context=None):
        unsaved = {"show_save": False, "show_save_and_continue": False}
        return super().change_view(request, object_id, form_url, {**unsaved, **(extra_context or {})})

    def get_readonly_fields(self, request, obj=None):
        return [*(field.name for field in self.model._meta.concrete_fields), *self.readonly_fields]


class SubscriberForm(forms.ModelForm):
    def clean_email(self):
        return self.cleaned_data["email"].lower()


class SubscriptionForm(forms.ModelForm):
    """What a subscriber follows from now on: one claim, or, ticked, everything. What stands is not changed."""

    everything = forms.BooleanField(required=False)

    class Meta:
        model = Subscription
        fields = ["everything", "claim"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["everything"] = self.instance.claim_id is None
            for field in self.fields.values():
                field.disabled = True

    def clean(self):
        super().clean()
        if bool(self.cleaned_data.get("claim")) == bool(self.cleaned_data.get("everything")):
            raise ValidationError("Choose a claim, or tick everything.")


class SubscriptionFormSet(forms.BaseInlineFormSet):
    def clean(self):
        super().clean()
        followed = set()
        for form in self.forms:
            if form.instance.ended_at or not (form.instance.pk or form.has_changed()) or form.errors:
                continue
            claim = form.cleaned_data["claim"]
            if claim in followed:
                raise ValidationError(f"They follow {f'“{claim}”' if claim else 'everything'} already.")
            followed.add(claim)


class SubscriptionInline(admin.TabularInline):
    model = Subscription
    form = SubscriptionForm
    formset = SubscriptionFormSet
    fields = ["everything", "claim", "since", "ended_at"]
    autocomplete_fields = ["claim"]
    readonly_fields = ["since", "ended_at"]
    extra = 1

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("claim")

    def has_delete_permission(self, request, obj=None):
        return False  # a subscription ends; what was sent because of it stays


HELP = {
    "confirmed_at": "When they said yes. By adding somebody here you vouch that they did; empty: not yet.",
    "disabled_at": "Since when they get no mail, whatever they follow. Empty: they get it.",
}


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin):
    form = SubscriberForm
    list_display = ["email", "confirmed_at", "disabled_at", "following", "created_at"]
    list_filter = ["confirmed_at", "disabled_at"]
    search_fields = ["email"]
    show_facets = admin.ShowFacets.ALWAYS
    fields = ["email", "confirmed_at", "disabled_at"]
    inlines = [SubscriptionInline]
    actions = ["end_subscriptions"]

    def get_queryset(self, request):
        following = Count("subscriptions", filter=Q(subscriptions__ended_at=None))
        return super().get_queryset(request).annotate(following=following)

    def get_changeform_initial_data(self, request):
        return {"confirmed_at": clock.now()}

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if help_text := HELP.get(db_field.name):
            kwargs["help_text"] = help_text
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="follows", ordering="following")
    def following(self, subscriber):
        return subscriber.following

    @admin.action(description="End all their subscriptions", permissions=["change"])
    def end_subscriptions(self, request, queryset):
        ended = Subscription.objects.active().filter(subscriber__in=queryset).update(ended_at=clock.now())
        self.message_user(request, f"{ended} subscriptions ended.", messages.SUCCESS)


@admin.register(Alert)
class AlertAdmin(RecordedOnly):
    list_display = ["__str__", "state", "opened_at", "due_at", "changes_told", "waiting", "sent", "failed"]
    list_filter = ["state"]
    list_select_related = ["deal"]
    search_fields = ["deal__title"]
    fields = ["deal", "state", "opened_at", "due_at", "closed_at", "changes_in_words", "said", "owed"]
    readonly_fields = ["changes_in_words", "said", "owed"]
    actions = ["send_now"]

    def get_queryset(self, request):
        counts = {
            "waiting_count": Count("deliveries", filter=Q(deliveries__state=DeliveryState.WAITING), distinct=True),
            "sent_count": Count("deliveries", filter=Q(deliveries__state=DeliveryState.SENT), distinct=True),
            "failed_count": Count(
                "deliveries", filter=Q(deliveries__state__in=[DeliveryState.DEAD, DeliveryState.PARKED]), distinct=True
            ),
        }
        return super().get_queryset(request).annotate(changes_count=Count("told", distinct=True), **counts)

    @admin.display(description="changes")
    def changes_told(self, alert):
        return alert.changes_count

    def waiting(self, alert):
        return alert.waiting_count

    def sent(self, alert):
        return alert.sent_count

    def failed(self, alert):
        return alert.failed_count

    @admin.display(description="changes")
    def changes_in_words(self, alert):
        changes = [told.change for told in alert.told.select_related("change__claim")]
        return format_html_join(
            "",
            '<div>{}, {} → {}: <a href="{}">{}</a></div>',
            (
                (
                    change.get_kind_display(),
                    words.status_word(change.status_before),
                    words.status_word(change.status_after),
                    reverse("admin:deals_claim_change", args=[change.claim_id]),
                    change.wording,
                )
                for change in changes
            ),
        )

    @admin.display(description="says in the end")
    def said(self, alert):
        return format_html_join("", "<div>{}</div>", ((str(net),) for net in alert.net_changes.select_related("claim")))

    @admin.display(description="deliveries")
    def owed(self, alert):
        address = f"{reverse('admin:alerts_delivery_changelist')}?alert__id__exact={alert.pk}"
        return format_html(
            '<a href="{}">{} waiting, {} sent, {} failed</a>',
            address,
            alert.waiting_count,
            alert.sent_count,
            alert.failed_count,
        )

    @admin.action(description="Send now: end the grace period", permissions=["change"])
    def send_now(self, request, queryset):
        ended = sum(gathering.send_now(alert) for alert in queryset)
        self.message_user(
            request, f"{ended} sent now; the others were due already.", messages.SUCCESS if ended else messages.WARNING
        )


@admin.register(Delivery)
class DeliveryAdmin(RecordedOnly):
    list_display = ["subscriber", "state", "mail", "alert", "due_at", "attempts", "cause", "sent_at"]
    list_filter = ["state", "channel"]
    list_select_related = ["subscriber", "alert__deal"]
    search_fields = ["subscriber__email", "alert__deal__title", "cause"]
    show_facets = admin.ShowFacets.ALWAYS
    readonly_fields = ["mail"]
    exclude = ["lease"]
    actions = ["requeue"]

    def lookup_allowed(self, lookup, value, request):
        return lookup == "alert__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_urls(self):
        return [
            path("<int:pk>/mail/", self.admin_site.admin_view(self.read_mail), name="alerts_delivery_mail"),
            path("<int:pk>/mail.html", self.admin_site.admin_view(self.show_html), name="alerts_delivery_html"),
            *super().get_urls(),
        ]

    @admin.display(description="mail")
    def mail(self, delivery):
        return format_html('<a href="{}">Read the mail</a>', reverse("admin:alerts_delivery_mail", args=[delivery.pk]))

    @admin.action(description="Try again (dead and parked ones)", permissions=["change"])
    def requeue(self, request, queryset):
        again = sending.requeue(queryset)
        self.message_user(request, f"{again} will be tried again.", messages.SUCCESS if again else messages.WARNING)

    def letter_of(self, request: HttpRequest, pk: int) -> tuple[Delivery, composing.Letter | None]:
        """A delivery and its mail, composed from the record as it stood when the alert was closed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        delivery = get_object_or_404(
            self.model.objects.select_related("alert", "subscriber", "subscription__claim"), pk=pk
        )
        return delivery, composing.compose(delivery, story.read(delivery.alert))

    def read_mail(self, request: HttpRequest, pk: int) -> HttpResponse:
        delivery, letter = self.letter_of(request, pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Mail to {delivery.subscriber}",
            "opts": self.opts,
            "delivery": delivery,
            "letter": letter,
        }
        return TemplateResponse(request, "admin/alerts/delivery/mail.html", context)

    # The mail's own styles are in it, so this page alone allows them, and nothing else: no script, image or request.
    @method_decorator(
        csp_replace(
            {
                "default-src": [NONE],
                "img-src": [NONE],
                "style-src": ["'unsafe-inline'"],
                "frame-ancestors": [SELF],
                "form-action": [NONE],
                "sandbox": ["allow-popups"],
            }
        )
    )
    @method_decorator(xframe_options_sameorigin)
    def show_html(self, request: HttpRequest, pk: int) -> HttpResponse:
        _, letter = self.letter_of(request, pk)
        if letter is None:
            raise Http404
        return HttpResponse(letter.html)
