export const home = {
  title: "Your work",
  start: "Start",
  continue: "Continue",
  open: "Start",
  startKind: "Start: {{kind}}",
  continueKind: "Continue: {{kind}}",
  nothingTitle: "Nothing to do right now",
  nothingHint:
    "You have done what is open for you, or others hold the rest. New work shows up here by itself.",
  examTitle: "First, the entry exam",
  examHint: "Work comes once you have passed it; begin it below.",
  nextHeadline: {
    demonstration_one: "Next: {{shown}} conversation to write",
    demonstration_other: "Next: {{shown}} conversations to write",
    chat_one: "Next: {{shown}} chat with the assistant",
    chat_other: "Next: {{shown}} chats with the assistant",
    ranking_one: "Next: {{shown}} ranking",
    ranking_other: "Next: {{shown}} rankings",
    review_one: "Next: {{shown}} conversation to review",
    review_other: "Next: {{shown}} conversations to review",
  },
  continueHeadline: {
    demonstration: "Go on with the conversation you are writing",
    chat: "Go on with your chat",
    ranking: "Go on with your ranking",
    review: "Go on with your review",
  },
  queues: "Queues",
  about: {
    demonstration: "Write both sides of a conversation, with drafts to help.",
    chat: "Talk with the assistant as someone would who needs it.",
    ranking: "Put several replies to one message in order.",
    review: "Approve, fix or return what others wrote.",
  },
  empty: {
    demonstration: "None open for you. A manager adds prompts in batches.",
    chat: "None open for you. A manager opens chats for each round.",
    ranking: "None open for you. They come after chats are finished and replies sampled.",
    review: "None open for you. They come as conversations are submitted.",
  },
  left_one: "{{count}} left",
  left_other: "{{count}} left",
  paused: "Paused",
  returned_one: "Returned to you ({{count}})",
  returned_other: "Returned to you ({{count}})",
  rework: "Rework",
  exam: "Entry exam",
  exams: {
    waiting: "Ranking here begins with an exam. It opens the queue to you.",
    under_way:
      "You are sitting it: its items come as your next work, and reviewers score what you wrote.",
    failed: "You did not pass this time; a week later you may try again.",
    unjudged: "It could not be judged; begin again whenever you like.",
  },
  toExam: "To the exam",
  kept: "Kept for you",
  keptHint: "Your time ran out on {{when}}; what you wrote is kept.",
  look: "Look",
  questions_one: "{{shown}} question waits for an answer",
  questions_other: "{{shown}} questions wait for an answer",
  answer: "Answer",
  allConversations: "Your conversations",
  yourRankings: "Your rankings",
  yourTime: "Your time",
  declaration: "Languages and content",
  mine: "Your day",
  figures: "{{today}} today · {{week}} this week · {{time}} active today",
  guidelines: "Guidelines",
  guideline: "{{kind}}, version {{n}}",
  unread: "Not read yet",
  changed: "Changed since you last read it",
  mustRead: "Read it before your next task",
  read: "Read",
};

export const kinds = {
  demonstration: "Write a conversation",
  chat: "Chat with the assistant",
  ranking: "Rank replies",
  review: "Review",
};

export const sampling = {
  title: "The assistant is late",
  delayed: "Drafts and replies take longer than usual. Everything you write is saved as always.",
  down: "Drafts and replies have stopped for now and will catch up by themselves. Writing, ranking and submitting work as always.",
};

export const guideline = {
  changedSince: "Changed since you last read version {{version}}",
  showChanges: "Show the changes",
  hideChanges: "Hide the changes",
  title: "Guidelines",
  about: "{{kind}} · version {{version}} · published {{published}}",
  acknowledge: "I have read this",
};

export const format = {
  underAMinute: "under a minute",
  minutes: "{{minutes}} min",
  hours: "{{hours}} h {{minutes}} min",
};
