import { Button, FileButton, Progress, Text } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Upload } from "@/api/types";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "../Datasets.module.css";
import { useSendRest } from "./requests";

interface Props {
  slug: string;
  upload: Upload;
}

/** For a file that was cut off on its way: asks for it again and sends what is missing. */
export function SendRest({ slug, upload }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const send = useSendRest(slug);
  const forget = useRef<() => void>(null);
  const [isOther, setIsOther] = useState(false);
  const [bytesSent, setBytesSent] = useState(0);
  const choose = (file: File | null) => {
    // Else the browser would not tell of the same file chosen once more.
    forget.current?.();
    if (file === null) return;
    const other = file.name !== upload.file_name || file.size !== upload.n_bytes;
    setIsOther(other);
    if (other) return;
    send.mutate({ upload, file, onSent: setBytesSent });
  };
  const sending = t("imports.sending", {
    sent: format.bytes(bytesSent),
    all: format.bytes(upload.n_bytes),
  });
  return (
    <>
      <Text size="sm" mt="xs">
        {t("imports.partsMissing", {
          count: upload.n_parts_missing,
          shown: format.number(upload.n_parts_missing),
          all: format.number(upload.n_parts),
        })}
      </Text>
      {send.isPending && (
        <Progress
          mt="xs"
          size="sm"
          aria-label={sending}
          value={(100 * bytesSent) / Math.max(1, upload.n_bytes)}
        />
      )}
      {isOther && (
        <Text size="sm" className={classes.failure} role="alert">
          {t("imports.otherFile", { name: upload.file_name, size: format.bytes(upload.n_bytes) })}
        </Text>
      )}
      {send.isError && (
        <Text size="sm" className={classes.failure} role="alert">
          {errorText(send.error)}
        </Text>
      )}
      <FileButton
        onChange={choose}
        resetRef={forget}
        inputProps={{ "aria-label": t("imports.sameFile") }}
      >
        {(props) => (
          <Button {...props} mt="xs" size="compact-sm" variant="default" loading={send.isPending}>
            {t("imports.sendRest")}
          </Button>
        )}
      </FileButton>
    </>
  );
}
