/** The addresses of pages for phones, as codes to scan have them: of the server that this page came from. */
export const casePageOf = (caseNo: string): string => `${location.origin}/m#/c/${encodeURIComponent(caseNo)}`;
export const componentPageOf = (code: string): string => `${location.origin}/m#/k/${encodeURIComponent(code)}`;
