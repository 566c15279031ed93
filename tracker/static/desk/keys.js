/* Keys for the desk. Each one presses a button or link that stands on the page; without this file nothing is lost. */
"use strict";
{
    const typing = (element) => element.closest("input, textarea, select, [contenteditable], .select2-container");
    const cards = () => [...document.querySelectorAll("[data-card]")];

    const step = (by) => {
        const all = cards();
        if (!all.length) {
            return false;
        }
        const now = all.findIndex((card) => card.contains(document.activeElement));
        const next = all[Math.min(Math.max(now + by, 0), all.length - 1)];
        next.querySelector("h2 a, input, select, summary").focus();
        next.scrollIntoView({ block: "nearest" });
        return true;
    };

    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
            return;
        }
        if (event.key === "Escape") {
            document.activeElement?.blur();
            return;
        }
        if (typing(event.target) && event.target.type !== "checkbox") {
            return;
        }
        const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
        if (target) {
            event.preventDefault();
            target.click();
            target.scrollIntoView({ block: "nearest" });
        } else if ((event.key === "j" || event.key === "k") && step(event.key === "j" ? 1 : -1)) {
            event.preventDefault();
        }
    });
}
