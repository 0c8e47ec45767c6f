export const common = {
  loading: "Loading",
  copy: "Copy",
  copied: "Copied",
  tryAgain: "Try again",
  cancel: "Cancel",
  close: "Close",
  save: "Save",
  more: "Show more",
  actions: "Actions",
  openPicture: "Open the picture from {{host}}",
  openPictureOf: "Open the picture “{{description}}” from {{host}}",
};

export const errors = {
  title: "That did not work",
  unreachable: "labelhub cannot be reached just now. Your work is safe; try again in a moment.",
  stale: "What you see may be old: it could not be fetched again.",
  unexpected: "Something went wrong in this page. Your saved work is safe; reload to go on.",
  codes: {
    wrong_credentials: "That name and password do not go together.",
    throttled: "Too many attempts. Wait a minute, then try again.",
    lease_lost: "Your time on this task ran out and someone else has it now. Your words are kept.",
    stale_version: "This was changed in another tab or by someone else. Reload to see the newest.",
    outdated_page:
      "labelhub was updated after this page was opened. Reload it to go on; your words are kept.",
    unknown_error:
      "The server could not answer just now. Your work is safe; try again in a moment.",
  },
};

export const save = {
  unchanged: "No changes yet",
  saving: "Saving…",
  saved: "Saved",
  kept: "Offline: kept in this browser",
  conflict: "Changed in another tab",
  refused: "Not saved on the server; kept in this browser",
  outdated: "labelhub was updated: reload this page. Your words are kept in this browser.",
};
