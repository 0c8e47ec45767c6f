import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { StatePanel } from "@/components/StatePanel";

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <StatePanel title={t("app.notFoundTitle")} hint={t("app.notFoundHint")}>
      <Button component={Link} to="/">
        {t("app.backHome")}
      </Button>
    </StatePanel>
  );
}
