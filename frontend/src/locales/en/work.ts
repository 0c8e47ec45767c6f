export const work = {
  submit: "Submit",
  skip: "Skip",
  guideline: "Guidelines",
  submitted: "Submitted",
  skipped: "Skipped",
  minutesLeft_one: "{{count}} minute left on this task",
  minutesLeft_other: "{{count}} minutes left on this task",
  leaseLostTitle: "Your time on this task ran out",
  leaseLost:
    "Someone else may take it now. Everything you wrote is kept, and you can still submit while the task is free.",
  doneTitle: "You are done with this task",
  doneHint: "It was handed in or given back. The next one waits on your work page.",
  skipTitle: "Skip this task",
  skipWhy: "Why?",
  skipComment: "Anything a manager should know (optional)",
  skipConfirm: "Skip the task",
  skipReasons: {
    unclear: "The task is unclear",
    outside_skill: "Outside what I know",
    wrong_language: "Not a language I work in",
    prefer_not: "I would rather not work on this content",
    broken: "Something is broken",
  },
  conflictTitle: "Changed in another tab",
  conflict: "Another tab or device saved a different text here. Which one should go on?",
  keepMine: "Keep this one",
  takeTheirs: "Take the other",
};

export const roles = { system: "System", user: "User", assistant: "Assistant" };
