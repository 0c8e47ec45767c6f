export const review = {
  approve: "Approve",
  fixed: "Approve with fixes",
  fixedNote: "You changed this conversation",
  return: "Return",
  reject: "Reject",
  comment: "Comment",
  commentTurn: "Comment on the turn",
  commentLabel: "Comment on this turn",
  editTurn: "Fix the turn",
  showDraft: "Compare with the draft",
  hideDraft: "Hide the comparison",
  dialog: {
    why: "Why?",
    turnComments_one: "Your comment on a turn goes along.",
    turnComments_other: "Your comments on {{count}} turns go along.",
    returned: {
      title: "Return to the writer",
      hint: "The writer gets it back with your words and can improve it.",
      confirm: "Return",
    },
    rejected: {
      title: "Reject",
      hint: "It will not be used, and nobody is asked to rework it.",
      confirm: "Reject",
    },
  },
};
