import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { RouterProvider } from "react-router/dom";

import { ActionProvider } from "@/components/actions";
import { styleNonce } from "@/lib/nonce";

import { createQueryClient } from "./queryClient";
import { createRouter } from "./router";
import { createAppTheme, cssVariables } from "./theme";

export function App() {
  const { t } = useTranslation();
  const theme = useMemo(() => createAppTheme({ close: t("common.close") }), [t]);
  const [queryClient] = useState(createQueryClient);
  const [router] = useState(createRouter);
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      <QueryClientProvider client={queryClient}>
        <ActionProvider>
          <Notifications position="bottom-center" limit={3} />
          <RouterProvider router={router} />
        </ActionProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
