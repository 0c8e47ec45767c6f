import i18next, { type ParseKeys } from "i18next";
import { initReactI18next } from "react-i18next";

import { english } from "@/locales/en";
import { pseudoCatalogue } from "./pseudoLocale";

/** The address of one sentence in the catalogue. */
export type MessageKey = ParseKeys;

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof english };
  }
}

export type Language = "en" | "pseudo";

/** Loads the catalogue; `pseudo` marks every sentence so that a test can find untranslated words. */
export async function startI18n(language: Language): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: {
      [language]: { translation: language === "pseudo" ? pseudoCatalogue(english) : english },
    },
    // React escapes what it renders.
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = "en";
}
