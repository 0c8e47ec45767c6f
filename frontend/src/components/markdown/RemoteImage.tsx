import { useTranslation } from "react-i18next";

interface Props {
  description: string;
  address: string;
}

/** The server that a picture comes from, or null where it is on none. */
function hostOf(address: string): string | null {
  const url = URL.parse(address);
  return url !== null && /^https?:$/.test(url.protocol) ? url.host : null;
}

/**
 * A picture from elsewhere. Loaded with the text it would tell its server who reads this and when, so it
 * is fetched by a click only, in a tab of its own that says nothing of this page.
 */
export function RemoteImage({ description, address }: Props) {
  const { t } = useTranslation();
  const host = hostOf(address);
  if (host === null) return <span>{`[${description}] ${address}`}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {description === ""
        ? t("common.openPicture", { host })
        : t("common.openPictureOf", { host, description })}
    </a>
  );
}
