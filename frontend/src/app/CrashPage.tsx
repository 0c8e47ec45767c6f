import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { StatePanel } from "@/components/StatePanel";

/** Shown when a page throws while it renders. */
export function CrashPage() {
  const { t } = useTranslation();
  return (
    <main>
      <StatePanel role="alert" title={t("app.crashTitle")} hint={t("app.crashHint")}>
        <Button onClick={() => window.location.reload()}>{t("app.reload")}</Button>
      </StatePanel>
    </main>
  );
}
