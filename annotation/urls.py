from django.urls import URLPattern, path

from annotation.views import (
    chats,
    comparisons,
    conversations,
    drafts,
    progress,
    queue,
    rankings,
    reviews,
)

urlpatterns: list[URLPattern] = [
    path("projects/<slug:slug>/home/", queue.HomeView.as_view()),
    path("projects/<slug:slug>/sampling/", queue.SamplingView.as_view()),
    path("projects/<slug:slug>/claims/", queue.ClaimView.as_view()),
    path("guidelines/<int:guideline_id>/", queue.GuidelineView.as_view()),
    path("guidelines/<int:guideline_id>/acknowledgement/", queue.AcknowledgementView.as_view()),
    path("assignments/<int:assignment_id>/", queue.AssignmentView.as_view()),
    path("assignments/<int:assignment_id>/beat/", queue.BeatView.as_view()),
    path("assignments/<int:assignment_id>/autosaves/<int:turn>/", queue.AutosaveView.as_view()),
    path("assignments/<int:assignment_id>/skip/", queue.SkipView.as_view()),
    path("assignments/<int:assignment_id>/thread/", conversations.ThreadView.as_view()),
    path(
        "assignments/<int:assignment_id>/demonstration/",
        conversations.DemonstrationView.as_view(),
    ),
    path("assignments/<int:assignment_id>/drafts/", drafts.DraftsView.as_view()),
    path("drafts/<int:draft_id>/", drafts.DraftView.as_view()),
    path("assignments/<int:assignment_id>/turns/", chats.TurnsView.as_view()),
    path("assignments/<int:assignment_id>/regenerate/", chats.RegenerateView.as_view()),
    path("assignments/<int:assignment_id>/chat/", chats.ChatView.as_view()),
    path("messages/<int:message_id>/feedback/", chats.FeedbackView.as_view()),
    path("assignments/<int:assignment_id>/review/", reviews.ReviewView.as_view()),
    path("assignments/<int:assignment_id>/ranking/", rankings.RankingView.as_view()),
    path("projects/<slug:slug>/progress/", progress.ProgressView.as_view()),
    path("projects/<slug:slug>/pick-runs/", comparisons.PickRunsView.as_view()),
    path("projects/<slug:slug>/comparisons/", comparisons.ComparisonsView.as_view()),
    path("comparisons/<int:comparison_id>/retry/", comparisons.ComparisonRetryView.as_view()),
]
