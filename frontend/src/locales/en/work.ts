export const work = {
  submit: "Submit",
  skip: "Skip",
  guideline: "Guidelines",
  guidelineVersion: "version {{n}}",
  questions: "Ask a lead",
  keptTitle: "This came too late to be handed in",
  kept: "Someone else had taken the task by then, or it was taken out of the queue. Everything you wrote is kept here for you to read and copy.",
  sensitiveTitle: "Sensitive content: {{tags}}",
  sensitiveHint:
    "You chose to see work like this. It stays covered until you open it; you may skip it at any time, and that never counts against you.",
  sensitiveSupport:
    "If it weighs on you, stop, skip it, and talk to somebody: your manager arranges support.",
  sensitiveOpen: "Show it",
  personalDataIsFine: "It belongs to nobody; submit",
  staleThread:
    "Another tab or device saved a newer version of this conversation. Continue here with that version, or only read here and go on there; the turn you are writing is kept either way.",
  elsewhereTitle: "This work is open somewhere else",
  elsewhereHint:
    "It is open in another tab or on another device. Continue here, and the other page stops; or only read what is written there.",
  continueHere: "Continue here",
  onlyRead: "Only read here",
  readOnly: "You only read here; the work goes on in the other tab or device.",
  readOnlyNote: "You only read here",
  submitted: "Submitted",
  skipped: "Skipped",
  minutesLeft_one: "{{count}} minute left on this task",
  minutesLeft_other: "{{count}} minutes left on this task",
  leaseLost: {
    taken: {
      title: "Your time on this task ran out",
      text: "Someone else may take it now. Everything you wrote is kept, and you can still submit while the task is free.",
    },
    withdrawn: {
      title: "This task was taken out of the queue",
      text: "Your time on it had run out, and nobody does it any more. Everything you wrote is kept here for you to read and copy.",
    },
    ended: {
      title: "You are done with this task",
      text: "You handed it in, skipped it or gave it back, in another tab or on another device. Copy from here what you still need.",
    },
  },
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

export const questions = {
  title: "Questions and rulings",
  ask: "Ask a lead",
  askHint: "What is unclear about this task? The answer appears here.",
  askAndKeep: "Ask and keep the task",
  askAndRelease: "Ask and give the task back",
  flag: "Flag for a manager",
  flagged: "A manager will look at it. Go on, or skip the task.",
  mine: "Your questions",
  rulings: "Rulings on such tasks",
  noRulings: "None yet.",
  unanswered: "Not answered yet.",
  newRulings_one: "A new ruling on such tasks",
  newRulings_other: "{{count}} new rulings on such tasks",
  hideRulings: "Hide the new rulings",
};
