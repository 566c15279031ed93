from django.urls import path

from alerts.views import unsubscribe

urlpatterns = [path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe")]
