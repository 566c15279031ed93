"""Accounts: superusers look after them; the desk sees names, so that an owner can be picked."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User

admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    show_full_result_count = False

    def get_queryset(self, request):
        people = super().get_queryset(request)
        return people if request.user.is_superuser else people.only("username", "first_name", "last_name", "is_active")

    def get_list_display(self, request):
        return (
            super().get_list_display(request) if request.user.is_superuser else ["username", "first_name", "last_name"]
        )

    def get_list_filter(self, request):
        return super().get_list_filter(request) if request.user.is_superuser else []

    def get_search_fields(self, request):
        names = ["username", "first_name", "last_name"]
        return [*names, "email"] if request.user.is_superuser else names

    def get_fieldsets(self, request, obj=None):
        if request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ["username", "first_name", "last_name", "groups"]})]

    def lookup_allowed(self, lookup, value, request):
        return request.user.is_superuser and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None):
        return False  # the history names its authors: an account is made inactive instead
