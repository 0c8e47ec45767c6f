export const account = {
  signInTitle: "Sign in",
  username: "User name",
  password: "Password",
  showPassword: "Show or hide the password",
  signIn: "Sign in",
  consentTitle: "Before you begin",
  purposesLabel: "What your work may be used for",
  purposesHint: "Choose freely; you can change this later.",
  purposes: {
    training: "Training language models",
    evaluation: "Testing language models",
    quality: "Measuring how well the work is going",
  },
  consentRead: "I have read this (version {{version}}) and agree to it.",
  agree: "Agree and go on",
  decline: "Not now, sign out",
};
