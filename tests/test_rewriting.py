"""When a page that a decision rests on says something else, and when only what stands around its story changed."""

import pytest

from ingest.rewriting import leads_to_front_page, rewritten, says_removed

STORY = """Chery will buy about 20 percent of the factory, three people familiar with the matter said.
The price was not told. A spokesman for Chery said on Monday that the story is not true.
JLR declined to comment on what it called speculation."""


@pytest.mark.parametrize(
    "after",
    [
        STORY,
        STORY.replace("\n", "\n\n").replace("Chery will", "Chery  will"),
        STORY.replace("story is not true", "story is not true").replace("said.", "said"),
        "\n".join(reversed(STORY.splitlines())),
        STORY + "\n12 comments\nShare this",
        STORY + "\nRead more: Another story of the same company stands here with all its words.",
        STORY + "\nRelated story without an end mark",
        STORY.upper(),
    ],
)
def test_what_stands_around_a_story_is_no_change(after):
    assert not rewritten(STORY, after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20 percent", "30 percent"),
        ("is not true", "is true"),
        ("JLR declined to comment on what it called speculation.", ""),
        ("on Monday that", "on Monday and again on Tuesday that"),
        ("The price was not told.", "The price is 1.5 billion euros, they said."),
    ],
)
def test_a_sentence_that_came_went_or_was_reworded_is_a_change(old, new):
    assert rewritten(STORY, STORY.replace(old, new))


def test_in_chinese_too():
    before = "奇瑞发言人金弋波表示,该报道不属实。\n捷豹路虎中国团队也否认了这一消息。"

    assert not rewritten(before, before + "\n评论 12")
    assert rewritten(before, before.replace("不属实", "属实"))


def test_a_counter_in_a_sentence_is_no_change():
    assert not rewritten(
        "The story that was read here has 12 comments so far.", "The story that was read here has 31 comments so far."
    )


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        ("This article has been removed.", True),
        ("Sorry, the page you are looking for was deleted at the request of the company.", True),
        ("Article no longer available", True),
        ("文章已被删除", True),
        (STORY, False),
        ("The filter was removed from the car.", False),
        (f"This article has been removed. {STORY * 4}", False),
    ],
)
def test_a_page_that_says_it_was_taken_down(text, removed):
    assert says_removed(text) is removed


def test_a_story_that_leads_to_the_front_page_is_gone():
    assert leads_to_front_page("https://a.example/2024/1", "https://a.example/?from=404")
    assert not leads_to_front_page("https://a.example/2024/1", "https://a.example/2024/1-new-title")
    assert not leads_to_front_page("https://a.example/", "https://a.example/")
